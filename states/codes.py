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

# Domain 5.1: children in need census. No code of its own for a midwife: 3D is used here.
CIN_REFERRAL_SOURCES = {
    "1A": "relative or carer",
    "1B": "acquaintance",
    "1C": "self",
    "1D": "other individual",
    "2A": "schools",
    "2B": "education services",
    "3A": "GP",
    "3B": "health visitor",
    "3C": "school nurse",
    "3D": "other primary health, such as a midwife",
    "3E": "accident and emergency",
    "3F": "other health",
    "4": "housing",
    "5A": "adult social care of this authority",
    "5B": "other department of this authority",
    "5C": "another authority",
    "5D": "early help",
    "6": "police",
    "7": "other legal agency",
    "8": "other, including voluntary",
    "9": "anonymous",
    "10": "unknown",
}
CIN_PRIMARY_NEEDS = {
    "N1": "abuse or neglect",
    "N2": "child's disability",
    "N3": "parental disability or illness",
    "N4": "family in acute stress",
    "N5": "family dysfunction",
    "N6": "socially unacceptable behaviour",
    "N7": "low income",
    "N8": "absent parenting",
    "N9": "not in need",
    "N0": "not stated",
}
CIN_CLOSURE_CODES = {
    "RC1": "adopted",
    "RC2": "died",
    "RC3": "child arrangements order",
    "RC4": "special guardianship order",
    "RC5": "moved to another authority",
    "RC6": "adult services",
    "RC7": "other, including no longer in need",
    "RC8": "no further action after assessment",
    "RC9": "early help after assessment",
}
_WHO = {"A": "child", "B": "parent", "C": "other person"}
CIN_FACTORS = {
    **{
        f"{number}{letter}": f"{factor}: {who}"
        for number, factor in (
            (1, "alcohol"),
            (2, "drugs"),
            (3, "domestic abuse"),
            (4, "mental health"),
            (5, "learning disability"),
            (6, "physical disability or illness"),
        )
        for letter, who in _WHO.items()
    },
    "7A": "young carer",
    "8B": "private fostering, overseas child with intent to return",
    "8C": "private fostering, overseas child with intent to stay",
    "8D": "private fostering, child from the UK in educational placement",
    "8E": "private fostering, child from the UK with a host family",
    "8F": "private fostering, other",
    "9A": "unaccompanied asylum-seeking child",
    "10A": "going missing",
    "11A": "child sexual exploitation",
    "12A": "trafficking",
    "13A": "gangs",
    "14A": "socially unacceptable behaviour",
    "15A": "self-harm",
    "16A": "neglect",
    "17A": "emotional abuse",
    "18B": "physical abuse, child on child",
    "18C": "physical abuse, adult on child",
    "19B": "sexual abuse, child on child",
    "19C": "sexual abuse, adult on child",
    "20": "other factor",
    "21": "no factors identified",
    "22A": "female genital mutilation",
    "23A": "abuse linked to faith or belief",
    "24A": "child criminal exploitation",
}
SEXES = {"M": "male", "F": "female", "U": "unknown or indeterminate"}

# Pre-birth work: words of the two source documents and of domain 4, 9 and 10; the value is what the record keeps.
REFERRAL_CHANNELS = {
    "cass": "front door (CASS)",
    "mash": "multi-agency safeguarding hub",
    "transfer": "transfer in",
    "edt": "emergency duty team",
    "health": "health",
    "midwifery": "midwifery",
    "hospital": "hospital",
    "gp": "GP",
    "health_visitor": "health visitor",
    "mental_health": "mental health service",
    "substance_misuse": "drug and alcohol service",
    "police": "police",
    "probation": "probation or prison",
    "court": "court or Cafcass",
    "education": "education",
    "school": "school",
    "housing": "housing",
    "early_help": "early help",
    "children_in_care": "children in care team",
    "care_leavers": "care leavers team",
    "safeguarding": "safeguarding team",
    "adult_social_care": "adult social care",
    "other_authority": "another authority",
    "pause": "Pause",
    "voluntary": "voluntary organisation",
    "family": "family or friend",
    "self": "a parent",
    "anonymous": "anonymous",
    "other": "other",
    "unknown": "not known",
}
EDD_BASES = {
    "dating_scan": "dating scan",
    "lmp": "last period",
    "clinical": "clinical estimate",
    "unknown": "not known yet",
}
PARENT_ROLES = {"mother": "mother", "father": "father", "other": "other parent"}
SERVICES = {
    "families_first": "Families First",
    "asti": "ASTI",
    "safeguarding": "Safeguarding",
    "children_in_care": "Children in care",
    "current_team": "the team already open to the family",
    "other_authority": "another authority",
}
CONSENT_SCOPES = {
    "assessment": "assessment",
    "sharing": "sharing information with the agencies named",
    "help": "help and intervention",
    "recording": "video or photographs",
}
CONSENT_METHODS = {"written": "in writing", "spoken_then_written": "spoken, followed up in writing", "spoken": "spoken"}
CONTINUING_BASES = {
    "s47": "enquiry under section 47, with a strategy discussion",
    "cp_plan": "child protection plan",
    "court_order": "court order",
}
ASSESSMENT_DECISIONS = {
    "child_in_need": "child in need plan",
    "child_protection": "child protection",
    "pre_proceedings": "pre-proceedings",
    "no_further_action": "no further action",
}
CARE_PLANS = {
    "with_parents": "with parents",
    "mother_and_baby": "mother and baby placement",
    "connected_carer": "with a relative or friend",
    "child_arrangements": "child arrangements order",
    "special_guardianship": "special guardianship",
    "fostering": "foster care",
    "early_permanence": "early permanence (fostering for adoption)",
    "adoption": "adoption",
    "other": "other",
    "undecided": "not decided",
}
OUTCOMES = {
    "with_parents_no_plan": "with parents, no plan",
    "with_parents_child_in_need": "with parents, child in need plan",
    "with_parents_child_protection": "with parents, child protection plan",
    "special_guardianship": "with kin: special guardianship",
    "child_arrangements": "with kin: child arrangements order",
    "connected_carer": "with kin: connected carer",
    "fostering": "foster care",
    "early_permanence": "early permanence (fostering for adoption)",
    "adoption": "adoption",
    "other": "other",
    "died": "died",
}
# What an outcome says beside itself, so that the national returns can be made (domain 5.1, 5.3, 5.4). Where the child
# has a looked-after case of its own, that case holds placement, legal status and their end: nothing is said twice.
OUTCOME_NEEDS = {
    "with_parents_no_plan": ("since",),
    "with_parents_child_in_need": ("since",),  # the day the plan began
    "with_parents_child_protection": ("since",),
    "special_guardianship": ("since",),  # the day of the order
    "child_arrangements": ("since",),
    "connected_carer": ("since", "placement", "legal_status"),  # the day the child was placed
    "fostering": ("since", "placement", "legal_status"),
    "early_permanence": ("since", "placement", "legal_status"),
    "adoption": ("decision_on",),  # the agency decided that the child should be placed for adoption
    "other": ("since",),
}
OUTCOME_PLACEMENTS = {
    "with_parents_child_in_need": ("P1", "R3"),
    "with_parents_child_protection": ("P1", "R3"),
    "connected_carer": ("U1", "U3"),
    "fostering": ("U4", "U6"),
    "early_permanence": ("U2", "U5"),
    "adoption": ("A3", "A4", "A5", "A6", "U2", "U5"),
}
OUTCOME_ENDINGS = {
    "special_guardianship": ("E45", "E46", "E47", "E48"),
    "child_arrangements": ("E41",),
    "adoption": ("E11", "E12"),
}
EARLY_PERMANENCE_ANSWERS = {
    "planned": "yes, and it is planned",
    "open": "yes, and it is kept open beside another plan",
    "not_right": "yes, and it is not right for this baby",
    "not_possible": "adoption is not possible here",
}
DRIFT_REASONS = {
    "late_referral": "referred late in the pregnancy",
    "not_met": "the parents could not be met yet",
    "consent": "consent is open",
    "worker_changed": "the worker changed or was away",
    "no_capacity": "no room in the team",
    "kin_assessment": "a kin assessment is awaited",
    "specialist": "a specialist's report is awaited",
    "partner_agency": "another agency's part is awaited",
    "legal_advice": "legal advice or a gateway is awaited",
    "meeting_moved": "a meeting was moved by a service",
    "disagreement": "professionals disagree",
    "moved": "the family moved, or could not be found",
    "other": "other, explained in the text",
}
SUPPORT_PHASES = {"before_birth": "before the birth", "after_birth": "after the birth"}
SUPPORT_KINDS = {
    "practical": "practical help",
    "emotional": "emotional support",
    "parenting": "learning to care for a baby",
    "home": "getting the home ready",
    "health": "going along to health appointments",
    "relationship": "the parents' relationship, and safety in it",
    "bonding": "getting to know the baby",
    "other": "other",
}
UNTRAINED_REASONS = {
    "nobody_free": "no trained worker is free",
    "continuity": "the family knows this worker",
    "works_beside": "a trained colleague works beside this worker",
    "training_booked": "the training is booked",
    "other": "other, explained in the text",
}
ITEM_CONDITIONS = {"good": "in good order", "repair": "needs repair", "lost": "lost"}

LEGAL_POSITIONS = {
    "none": "no legal step planned",
    "pre_proceedings": "pre-proceedings continue",
    "apply_at_birth": "application to court on the day of birth, at latest day 5",
    "section_20": "accommodation with the parents' agreement (section 20)",
    "undecided": "not decided",
}
BIRTH_DESTINATIONS = {
    "home": "home with parents",
    "kin": "with kin",
    "mother_and_baby_unit": "mother and baby unit",
    "foster_care_s20": "foster care, section 20",
    "kin_s20": "with kin, section 20",
    "hospital": "stays in hospital",
}
FINAL_ORDERS = {
    "care_order": "care order",
    "supervision_order": "supervision order",
    "placement_order": "care and placement orders",
    "special_guardianship": "special guardianship order",
    "child_arrangements": "child arrangements order",
    "no_order": "no order",
    "withdrawn": "withdrawn",
}
FAMILY_GROUP_MEETINGS = {
    "held": "offered, and held first",
    "declined": "offered, nobody accepted",
    "exempt": "not in the child's best interests, with the reason",
    "not_in_force": "the duty is not in force yet",
}
# Domain 5.2: initial and final plans of the standard data set.
COURT_PLANS = {
    "A": "interim care order",
    "B": "interim care order, at home",
    "C": "adoption",
    "D": "interim supervision order",
    "E": "special guardianship order",
    "F": "private-law order",
    "G": "other",
}

# Child protection and court: domain 5.1 to 5.3. Of the looked-after return only what a baby can have.
CHILD_PROTECTION_AGENCIES = {
    "social_care": "children's social care",
    "police": "police",
    "midwifery": "midwifery",
    "health_visiting": "health visiting",
    "other_health": "other health",
    "education": "education or early years",
    "probation": "probation",
    "legal": "legal",
    "other": "other",
}
ABUSE_CATEGORIES = {
    "NEG": "neglect",
    "PHY": "physical abuse",
    "SAB": "sexual abuse",
    "EMO": "emotional abuse",
    "MUL": "more than one category",
}
ENQUIRY_FINDINGS = {
    "likely_harm": "concerns substantiated, the child likely to suffer significant harm",
    "no_likely_harm": "concerns substantiated, the child not likely to suffer significant harm",
    "not_substantiated": "concerns not substantiated",
}
PRE_PROCEEDINGS_OUTCOMES = {"A": "outcome A", "B": "outcome B", "C": "outcome C"}  # the return's labels were not found
COURT_APPLICATIONS = {
    "care": "care order",
    "supervision": "supervision order",
    "care_and_placement": "care order and placement order",
}
ORDER_KINDS = {
    "police_protection": "police protection",
    "emergency_order": "emergency protection order",
    "accommodated_s20": "accommodation by agreement (section 20)",
    "interim_order": "interim care order",
    "final_order": "care order or placement order",
}
LEGAL_STATUSES = {
    "C1": "interim care order",
    "C2": "full care order",
    "E1": "placement order",
    "V2": "section 20, single period",
    "L1": "police protection",
    "L2": "emergency protection order",
}
ADOPTION_PLACEMENTS = {
    "A3": "for adoption with consent, with the current carer",
    "A4": "for adoption with consent, not with the current carer",
    "A5": "for adoption with a placement order, with the current carer",
    "A6": "for adoption with a placement order, not with the current carer",
}
PLACEMENTS = {
    "P1": "with parents",
    "R2": "NHS or other health",
    "R3": "mother and baby unit or family centre",
    "T1": "in hospital for a time",
    "T4": "other temporary placement",
    "U1": "relative or friend, long-term fostering",
    "U2": "relative or friend, fostering for adoption or concurrent planning",
    "U3": "relative or friend, other fostering",
    "U4": "foster carer, long-term",
    "U5": "foster carer, fostering for adoption or concurrent planning",
    "U6": "foster carer, other",
    "K2": "children's home",
}
NEW_EPISODE_REASONS = {
    "S": "started to be looked after",
    "L": "change of legal status only",
    "P": "change of placement and carer",
    "T": "change of placement, same carer",
    "B": "change of legal status, placement and carer",
    "U": "change of legal status and placement, same carer",
}
CEASED_REASONS = {
    "E11": "adopted, application unopposed",
    "E12": "adopted, consent dispensed with",
    "E2": "died",
    "E3": "another authority took over",
    "E4A": "returned home, planned",
    "E4B": "returned home, unplanned",
    "E13": "left to live with somebody without parental responsibility",
    "E41": "child arrangements order",
    "E45": "special guardianship, former carer, relative or friend",
    "E46": "special guardianship, former carer, other",
    "E47": "special guardianship, another relative or friend",
    "E48": "special guardianship, another person",
    "E8": "other reason",
}
REVIEW_PARTICIPATION = {
    "PN0": "under 4 years old",
    "PN1": "attended and spoke",
    "PN2": "attended, somebody spoke for the child",
    "PN3": "attended, views shown without words",
    "PN4": "attended, views not given",
    "PN5": "did not attend, somebody briefed to speak",
    "PN6": "did not attend, views sent",
    "PN7": "did not attend, views not given",
}
ADOPTION_REVERSALS = {
    "RD1": "the child's needs have changed",
    "RD2": "the court did not make a placement order",
    "RD3": "no adopters could be found",
    "RD4": "other reason",
}
PERMANENCE_PLANS = {
    "return_home": "return to parents",
    "connected_carer": "with a relative or friend",
    "special_guardianship": "special guardianship",
    "child_arrangements": "child arrangements order",
    "long_term_fostering": "long-term fostering",
    "early_permanence": "early permanence (fostering for adoption)",
    "adoption": "adoption",
}
