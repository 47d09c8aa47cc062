"""All lifecycles by their id."""

from states.care_proceedings import CARE_PROCEEDINGS
from states.child_protection import CHILD_PROTECTION
from states.lifecycle import Lifecycle
from states.looked_after import LOOKED_AFTER
from states.pause import PAUSE
from states.pause_follow_up import PAUSE_FOLLOW_UP
from states.pre_proceedings import PRE_PROCEEDINGS
from states.prebirth import PREBIRTH
from states.service_agreement import SERVICE_AGREEMENT

LIFECYCLES: dict[str, Lifecycle] = {
    lifecycle.id: lifecycle
    for lifecycle in (
        PREBIRTH,
        PAUSE,
        CHILD_PROTECTION,
        PRE_PROCEEDINGS,
        CARE_PROCEEDINGS,
        LOOKED_AFTER,
        PAUSE_FOLLOW_UP,
        SERVICE_AGREEMENT,
    )
}
