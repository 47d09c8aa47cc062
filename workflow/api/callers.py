"""Who asks, by what they must be permitted: the first argument of every route says it."""

from typing import Annotated

from fastapi import Depends

from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs

Oneself = Annotated[Asking, Depends(Needs(Permission.OWN_ACCOUNT))]
Reader = Annotated[Asking, Depends(Needs(Permission.READ_CASES))]
Searcher = Annotated[Asking, Depends(Needs(Permission.READ_CASES, only_looks=True))]
Writer = Annotated[Asking, Depends(Needs(Permission.WRITE_CASES))]
Opener = Annotated[Asking, Depends(Needs(Permission.OPEN_CASES))]
EvidenceReader = Annotated[Asking, Depends(Needs(Permission.READ_EVIDENCE))]
AccessGiver = Annotated[Asking, Depends(Needs(Permission.GIVE_ACCESS))]
