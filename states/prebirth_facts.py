"""What the pre-birth lifecycle asks for: its facts, and the guards that come with them wherever they are asked."""

from dataclasses import replace

from states import codes
from states.facts import DAY_OR_NEVER, Fact, choice, choices, code, day, number, person, records, text, yes_no


def optional(*facts: Fact) -> tuple[Fact, ...]:
    return tuple(replace(fact, required=False) for fact in facts)


# Facts: the referral (design 9 and domain 11). Whatever is not known is left out; nothing is guessed.

PREVIOUS_REMOVAL = optional(
    choice(
        "through",
        "Removed through",
        {
            "care_proceedings": "care proceedings",
            "private_law_order": "a private-law order",
            "section_20": "section 20",
            "relinquished": "relinquishment",
        },
    ),
    day("removed_on", "Removed on", "start of the care episode; if not known, the final order"),
    text("authority", "Authority", '"none" where no authority removed the child or supported the order'),
)
PARENT = optional(
    choice("role", "Parent", codes.PARENT_ROLES),
    text("name", "Name"),
    day("date_of_birth", "Date of birth", personal=True),
    yes_no("parental_responsibility", "Parental responsibility"),
    yes_no("in_full_time_education", "In full-time education"),
    choice(
        "learning_disability",
        "Learning disability",
        {"none": "none", "suspected": "suspected", "diagnosed": "diagnosed"},
        "diagnosed only where somebody qualified said so",
    ),
    choice(
        "care_status",
        "Care experience",
        {"none": "none", "child_in_care": "child in care", "care_leaver": "care leaver"},
    ),
    yes_no("permanently_resident", "Lives here permanently"),
    choice(
        "plan",
        "The parent's own plan",
        {"none": "none", "child_in_need": "child in need", "child_protection": "child protection"},
    ),
    yes_no("subject_of_current_proceedings", "Subject of current care proceedings"),
    code("own_social_worker", "The parent's own social worker", 'a user name, or "none"'),
    choice(
        "open_to",
        "Open to",
        {
            "none": "none",
            "children_in_care": "children in care",
            "care_leavers": "care leavers",
            "safeguarding": "safeguarding",
        },
    ),
    yes_no("significant_needs", "Significant needs or risks that call for a detailed assessment"),
    records("previous_removals", "Children removed before", *PREVIOUS_REMOVAL, personal=True),
    yes_no("positive_change", "Evidence of some positive change"),
    choice(
        "consent",
        "Consent",
        {
            "given": "given",
            "refused": "refused",
            "not_asked": "not asked yet",
            "not_needed": "not needed: will not be assessed",
        },
    ),
)
EDD = day("edd", "Expected date of birth")
EDD_BASIS = choice("edd_basis", "Known from", codes.EDD_BASES)
REFERRAL_FACTS = (
    day("received_on", "Referral received on", "for a transfer, the day it was asked for"),
    choice("source", "Came through", codes.REFERRAL_CHANNELS),
    *optional(
        choice("source_code", "Who referred (census code)", codes.CIN_REFERRAL_SOURCES),
        EDD,
        EDD_BASIS,
        yes_no("immediate_safety_concern", "Immediate safety concern", "yes opens a child-protection case at once"),
        records("parents", "Parents", *PARENT, personal=True),
        yes_no("statutory_assessment_required", "A statutory pre-birth assessment is required"),
        yes_no("relinquished", "The baby is to be relinquished"),
        yes_no("first_time_parents", "First-time parents"),
        choices("risk_factors", "Risk factors", codes.CIN_FACTORS),
        choice("primary_need", "Primary need (census code)", codes.CIN_PRIMARY_NEEDS),
        yes_no("current_proceedings_for_another_child", "Current care proceedings for another child"),
        yes_no("older_siblings_at_home", "Older siblings in the parents' care"),
        choice(
            "family_open_to",
            "Family open to",
            {
                "none": "none",
                "safeguarding": "Safeguarding",
                "children_in_care": "Children in care",
                "asti": "ASTI",
            },
        ),
        code(
            "proceedings_ended_on",
            "Last proceedings ended on",
            "a date such as 2026-11-23, or never",
            pattern=DAY_OR_NEVER,
        ),
        yes_no("presented_very_late", "Presented very late", "a manager's judgement"),
        yes_no("concealed_or_late_booking", "Concealed pregnancy or late booking"),
        number("previous_referrals", "Referrals in the last 12 months", maximum=99),
        yes_no("duplicate_searched", "An earlier or open record was searched for"),
        text("other_authorities", "Earlier addresses and other authorities"),
        day("referrer_informed_on", "Referrer told on"),
        text("referral_note", "What is worrying, and what is going well"),
    ),
)


def referral_facts(*, opening: bool) -> tuple[Fact, ...]:
    """What a referral may tell. Only when it opens a case must the day and the way it came be given."""
    return REFERRAL_FACTS if opening else optional(*REFERRAL_FACTS)


# Facts asked for more than once

CHILD = number("child", "Child", "its number on this case", minimum=1, maximum=10)
WORKER = person("worker", "Worker")
TEAM = code("team", "Team", required=False)
PAUSE_CASE = code("pause_case", "Pause record linked with it", "reference only", required=False)
CARE_PLAN = choice("care_plan", "Care plan", codes.CARE_PLANS)
CHILDRENS_PLANS = records("care_plans", "Care plan of each child", CHILD, CARE_PLAN, required=False)
OUTCOMES = records(
    "outcomes",
    "Outcome of each child",
    CHILD,
    choice("outcome", "Outcome", codes.OUTCOMES),
    *optional(
        day("since", "Since", "the day the plan or order began, or the child was placed"),
        choice(
            "placement",
            "Placement (return code)",
            {**codes.PLACEMENTS, **codes.ADOPTION_PLACEMENTS},
            "where the child has no looked-after case here, which says so itself",
        ),
        choice("legal_status", "Legal status (return code)", codes.LEGAL_STATUSES),
        day("decision_on", "Decided on adoption on", "by the agency"),
        day("placement_order_on", "Placement order made on"),
        day("placed_on", "Placed for adoption on"),
        choice("reason_ceased", "Stopped being looked after because (return code)", codes.CEASED_REASONS),
        day("order_on", "Adoption order made on"),
    ),
)
OUTCOME_GUARDS = ("each_outcome_has_its_dates", "outcome_codes_fit", "outcome_dates_fit")
LEGAL_POSITION = choice("legal_position", "Legal position", codes.LEGAL_POSITIONS)
REFERRER_TOLD = day("referrer_informed_on", "Referrer told on")
REASON = text("move_reason", "Reason")
CONSENTS = records(
    "consents",
    "Consent of each parent",
    choice("parent", "Parent", codes.PARENT_ROLES),
    *optional(
        choices("scope", "Consent to", codes.CONSENT_SCOPES),
        choice("method", "How", codes.CONSENT_METHODS),
        text("explained_by", "Explained by"),
        yes_no("explained", "Purpose, length and limits were explained"),
        text("capacity_view", "View of capacity, and what it rests on"),
        text("interpreter_or_advocate", "Interpreter or advocate"),
        text("accessible_format", "Accessible format", "always where there is a learning disability"),
        yes_no("copy_given", "A copy was given"),
        yes_no("right_to_withdraw_stated", "Told that consent can be withdrawn at any time"),
        day("expires_on", "Ends on"),
        text("why_not_assessed", "Why this parent will not be assessed", "unknown, unsafe or absent"),
    ),
    personal=True,
)
CONSENT = (CONSENTS, day("consent_review_on", "Review consent on", required=False))
CONSENT_GUARDS = ("mother_consents", "each_assessed_parent_consents")
WITHHELD = (
    choice("withheld", "Consent", {"refused": "refused", "withdrawn": "withdrawn"}),
    choice("withheld_by", "By", codes.PARENT_ROLES),
    text("withheld_words", "Why, in the parent's words", required=False),
    text("risk_note", "What this means for the baby's safety"),
)
CLOSING = (
    text("step_down", "Who supports the family now; universal services told"),
    text("parent_voice", "What the parents say", required=False),
    text("lessons", "What we learnt", required=False),
)
ASSESSMENT = (
    day("assessment_started_on", "Assessment started on"),
    choices("factors", "Factors at the end of assessment", codes.CIN_FACTORS),
    text("child_impact", "What it means for the baby"),
    records(
        "parents_views",
        "Each parent's view",
        choice("parent", "Parent", codes.PARENT_ROLES),
        *optional(text("view", "View"), text("reason_absent", "Why it is absent")),
        personal=True,
    ),
    yes_no("chronology_complete", "The chronology is complete"),
    text("adjustments_made", "Adjustments made", required=False),
    text("recommendation", "What is recommended"),
)
ASSESSMENT_GUARDS = (
    "no_factors_stands_alone",
    "each_view_or_reason",
    "chronology_is_complete",
    "adjustments_were_made",
)
UNTRAINED_REASON = choice(
    "untrained_reason",
    "Why a worker who is not trained for it",
    codes.UNTRAINED_REASONS,
    "only where a parent has a learning disability and the worker's training is missing or has run out",
    required=False,
)
AUTHORISING = (
    text("decision_grounds", "Grounds for the decision"),
    text("disagreement", "Disagreement, and whose", required=False),
)
FURTHER_DECISIONS = {key: label for key, label in codes.ASSESSMENT_DECISIONS.items() if key != "no_further_action"}
BIRTH_PLAN = (
    code("hospital", "Hospital"),
    text("named_midwife", "Named midwife"),
    text("who_may_attend", "Who may be there"),
    text("contact_arrangements", "Contact after the birth"),
    LEGAL_POSITION,
    text("removal_authority", "Authority to separate, if that is the plan", required=False),
    text("placement_options", "Where the baby may live", "kin and early permanence considered"),
    text("contingencies", "If the birth is early, at home, or the mother is missing"),
    text("circulated_to", "Who has the plan"),
)
BABIES = records(
    "babies",
    "Babies",
    day("born_on", "Born on"),
    yes_no("live_birth", "Born alive"),
    choice("sex", "Sex", codes.SEXES),
    *optional(
        text("name", "Name"),
        code("born_at", "Time of birth", "such as 04:35", pattern=r"\d{2}:\d{2}"),
        number("weight_grams", "Weight in grams", maximum=8000),
        CARE_PLAN,
    ),
    personal=True,
    hint="in the order they were born",
)
BABIES_TAKEN_OVER = replace(
    BABIES, required=False, fields=tuple(replace(one, required=one.name == "born_on") for one in BABIES.fields)
)
BIRTH = (
    BABIES,
    *optional(
        code("hospital", "Hospital"),
        day("birth_notified_on", "We were told on"),
        text("birth_notified_by", "By whom"),
        text("plan_deviation", "What was not as planned"),
        CHILDRENS_PLANS,
    ),
)
HEALTH_SOURCE = text("health_source", "Health professional it was confirmed with")
