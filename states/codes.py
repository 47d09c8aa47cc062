"""Code sets: the codes of national returns and of local practice, each with its label."""

# Domain 9: no national source lists closure codes for Pause; these are a proposal.
PAUSE_CLOSURE_REASONS = {
    "COMPLETED": "completed the programme",
    "COMPLETED_EARLY_BY_CHOICE": "completed early, by her choice",
    "WITHDREW": "she withdrew",
    "DISENGAGED_AFTER_REENGAGEMENT": "contact lost, after re-engaging was tried",
    "PREGNANT_CHOSE_TO_END": "pregnant, and she chose to end",
    "PREGNANT_TRANSFERRED": "pregnant, and support passed to another service",
    "CHILD_RETURNED_NO_LONGER_ELIGIBLE": "a child returned to her care, and Pause no longer fits",
    "MOVED_AREA": "moved out of the area",
    "CUSTODY_LONG": "a long time in custody",
    "DIED": "she died",
    "NOT_ELIGIBLE": "not eligible",
    "DECLINED_OFFER": "she declined the offer",
    "DECLINED_PAUSE_COMMITMENT": "she declined the commitment to pause",
    "LICENCE_OR_FUNDING_ENDED": "the licence or funding of the programme ended",
}
