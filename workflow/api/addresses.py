"""What stands in the addresses of cases and deadlines; one that names nothing is a 404, whatever it looks like."""

from typing import Annotated

from fastapi import Path

Ref = Annotated[
    str,
    Path(
        description="The reference of a case.",
        examples=["PB-12"],
        max_length=60,
        json_schema_extra={"pattern": "^[A-Za-z]{2,3}-[0-9]{1,12}$"},
    ),
]
DeadlineName = Annotated[
    str,
    Path(
        description="The name of a deadline.",
        examples=["PB-12.3"],
        max_length=60,
        json_schema_extra={"pattern": r"^[A-Za-z]{2,3}-[0-9]{1,12}\.[0-9]{1,9}$"},
    ),
]
