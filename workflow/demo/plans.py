"""What a child's care plan means in court: the plan put to it, its order, and the outcome of the child."""

COURT_PLAN = {
    "with_parents": "D",
    "mother_and_baby": "B",
    "adoption": "C",
    "special_guardianship": "E",
    "fostering": "A",
}
ORDER = {
    "with_parents": "supervision_order",
    "mother_and_baby": "supervision_order",
    "adoption": "placement_order",
    "special_guardianship": "special_guardianship",
    "fostering": "care_order",
}
OUTCOME = {
    "with_parents": "with_parents_child_in_need",
    "mother_and_baby": "with_parents_child_in_need",
    "adoption": "adoption",
    "special_guardianship": "special_guardianship",
    "fostering": "fostering",
}
