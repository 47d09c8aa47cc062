"""What must hold before a move of the pre-birth lifecycle, and what tells its rows apart."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from states.codes import OUTCOME_ENDINGS, OUTCOME_NEEDS, OUTCOME_PLACEMENTS
from states.guards import Child, Situation, branch, guard

FULL_TERM = 280  # days; CIN rule 8606: a referral precedes the expected date of birth by no more
WEEKS_16, WEEKS_28 = 112, 196  # completed days of gestation: 16+0 and 28+0
ACCEPTING = ("accept", "consent_needed")
BEFORE_ACCEPTANCE = ("referred", "route_sent")
AWAY_FROM_PARENTS = frozenset(
    {
        "special_guardianship",
        "child_arrangements",
        "connected_carer",
        "fostering",
        "early_permanence",
        "adoption",
    }
)


def _rows(values: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    return values.get(name) or ()


def _said(s: Situation, name: str) -> bool:
    """Whether this move gives the text `name`."""
    return bool(str(s.submitted.get(name) or "").strip())


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


# The referral and its decision


def _decided(s: Situation, key: str) -> Any:
    return (s.derived.get("decision") or {}).get(key)


@guard("the local criteria do not accept this referral")
def decision_does_not_accept(s: Situation) -> bool:
    return _decided(s, "decision") not in ACCEPTING


@guard("this is not the service that the local criteria name")
def route_differs_from_decision(s: Situation) -> bool:
    """A manager's own decision, and one taken in a threshold review, is no override."""
    if s.state != "referred" or _decided(s, "decision") == "manager_decision":
        return False
    return bool(_decided(s, "decision") != "route" or _decided(s, "service") != s.submitted.get("service"))


@guard("name the referral that this one repeats")
def duplicate_is_named(s: Situation) -> bool:
    return s.submitted.get("closing_reason") != "duplicate" or _said(s, "duplicate_of")


@guard("the expected date of birth is already known")
def edd_is_unknown(s: Situation) -> bool:
    return s.on("edd") is None


@guard("no expected date of birth or estimate is recorded")
def edd_is_recorded(s: Situation) -> bool:
    return s.on("edd") is not None


@guard("the referral lies more than 280 days before the expected date of birth: one of the two dates is wrong")
def edd_is_possible(s: Situation) -> bool:
    edd, received_on = s.on("edd"), s.on("received_on")
    return edd is None or received_on is None or edd - received_on <= timedelta(days=FULL_TERM)


@guard("this move does not begin the work")
def work_begins(s: Situation) -> bool:
    """Acceptance; a way back from a threshold review that came before any; or taken over when work had begun."""
    if s.trigger == "migrate_in":
        return s.submitted.get("migrate_to") not in (*BEFORE_ACCEPTANCE, "threshold_review", "route_sent")
    return s.trigger in ("accept", "accept_with_consent") or s.derived.get("return_state") in BEFORE_ACCEPTANCE


@guard("the case was not accepted by 16+0")
def work_begins_by_16_weeks(s: Situation) -> bool:
    gestation = s.derived.get("gestation_days")
    return gestation is not None and gestation <= WEEKS_16 and work_begins(s)


@guard("a birth plan is not called for yet")
def birth_plan_is_needed(s: Situation) -> bool:
    return s.trigger == "revise_birth_plan" or work_begins(s)


@guard("cases under this one are open: name the person who takes them over, an active account")
def open_cases_have_a_new_owner(s: Situation) -> bool:
    return not s.open_under() or bool((s.derived.get("worker") or {}).get("active"))


# Consent


def _is_meaningful(consent: Mapping[str, Any]) -> bool:
    """Domain 4.4: explained, capacity considered, in writing or followed up in writing, right to withdraw stated."""
    stated = ("explained", "copy_given", "right_to_withdraw_stated")
    return (
        all(consent.get(name) is True for name in stated)
        and bool(str(consent.get("capacity_view") or "").strip())
        and consent.get("method") in ("written", "spoken_then_written")
    )


@guard("the mother's consent is not complete: explained, capacity considered, in writing, right to withdraw stated")
def mother_consents(s: Situation) -> bool:
    return any(one.get("parent") == "mother" and _is_meaningful(one) for one in _rows(s.submitted, "consents"))


@guard("no consent given here is complete: explained, capacity considered, in writing, right to withdraw stated")
def a_parent_consents(s: Situation) -> bool:
    return any(_is_meaningful(one) for one in _rows(s.submitted, "consents"))


@guard("a parent who will be assessed has not consented, and it is not said why he or she will not be assessed")
def each_assessed_parent_consents(s: Situation) -> bool:
    """An unknown, unsafe or absent father is recorded and does not block (domain 2.4-15)."""
    parents = _rows(s.facts, "parents")
    assessed = Counter(
        one.get("role") for one in parents if one.get("role") != "mother" and one.get("consent") != "not_needed"
    )
    settled = Counter(
        one.get("parent")
        for one in _rows(s.submitted, "consents")
        if _is_meaningful(one) or str(one.get("why_not_assessed") or "").strip()
    )
    return all(settled[role] >= number for role, number in assessed.items())


@guard("no date for the review of consent is recorded")
def consent_review_is_set(s: Situation) -> bool:
    return s.submitted.get("consent_review_on") is not None


# Allocation


@guard("two team managers must first talk about an under-18 parent with a plan or proceedings: say who, when and what")
def managers_have_talked(s: Situation) -> bool:
    if not _decided(s, "overlays"):
        return True
    return s.submitted.get("discussion_on") is not None and all(
        _said(s, name) for name in ("discussion_managers", "discussion_decision")
    )


def _has_learning_disability(s: Situation) -> bool:
    return any(one.get("learning_disability") == "diagnosed" for one in _rows(s.facts, "parents"))


@guard("a parent has a learning disability: adjustments and how to communicate are planned before assessment starts")
def adjustments_are_planned(s: Situation) -> bool:
    return not _has_learning_disability(s) or (_said(s, "adjustments") and _said(s, "communication_plan"))


@guard(
    "a parent has a learning disability, and the worker's training to assess such parents is missing or has run out: "
    "name a trained worker, or choose why not and give the reason (why_this_worker)"
)
def worker_is_trained_or_reason_given(s: Situation) -> bool:
    """S-DUR: all workers are trained; a manager may override it, which stays on record with the reason."""
    trained = (s.derived.get("worker") or {}).get("trained_learning_disability")
    overridden = s.submitted.get("untrained_reason") is not None and _said(s, "why_this_worker")
    return not _has_learning_disability(s) or bool(trained) or overridden


@guard(
    "a parent has a learning disability and the assessment is not authorised yet, and the worker's training to assess "
    "such parents is missing or has run out: name a trained worker, or choose why not and give the reason"
)
def new_worker_is_trained_or_reason_given(s: Situation) -> bool:
    """After a change of worker as well, for as long as the assessment is to be written."""
    return not assessment_is_due(s) or worker_is_trained_or_reason_given(s)


@guard("the case has a worker")
def no_worker_is_named(s: Situation) -> bool:
    return not (s.derived.get("owner") or s.submitted.get("worker"))


# Assessment


@guard("no factor is coded, or code 21 (no factors identified) does not stand alone")
def no_factors_stands_alone(s: Situation) -> bool:
    factors = s.submitted.get("factors") or ()
    return bool(factors) and ("21" not in factors or len(factors) == 1)


@guard("a parent's view is missing, and it is not said why")
def each_view_or_reason(s: Situation) -> bool:
    views = _rows(s.submitted, "parents_views")
    known = {one.get("role") for one in _rows(s.facts, "parents")} - {None} | {"mother"}
    complete = {
        one.get("parent")
        for one in views
        if any(str(one.get(name) or "").strip() for name in ("view", "reason_absent"))
    }
    return known <= complete


@guard("the chronology is not complete")
def chronology_is_complete(s: Situation) -> bool:
    return s.submitted.get("chronology_complete") is True


@guard("a parent has a learning disability: say which adjustments were made")
def adjustments_were_made(s: Situation) -> bool:
    """Domain 4.5: helping the parent to understand, in the assessment too."""
    return not _has_learning_disability(s) or _said(s, "adjustments_made")


def _somebody_else(s: Situation, *triggers: str) -> bool:
    """Whether those who fired these moves are known, and the actor is none of them."""
    people = {s.last_actor[name] for name in (*triggers, "migrate_in") if name in s.last_actor}
    return bool(people) and s.actor not in people


@guard("who wrote the assessment cannot be the one who approves it")
def approver_is_not_the_author(s: Situation) -> bool:
    return _somebody_else(s, "submit_assessment")


@guard("the assessment has been authorised")
def assessment_is_due(s: Situation) -> bool:
    return not s.facts.get("assessment_decision")


@guard("no assessment has been submitted")
def assessment_was_submitted(s: Situation) -> bool:
    return "submit_assessment" in s.last_actor


@guard("an assessment is open: it has to be authorised first")
def assessment_is_not_open(s: Situation) -> bool:
    begun = any(name in s.last_actor for name in ("allocate", "submit_assessment"))
    return not begun or not assessment_is_due(s)


def _to_arrange(s: Situation, decision: str, lifecycle: str) -> bool:
    """Where the step has a case of its own under this one, that case keeps the time."""
    under = any(one.lifecycle == lifecycle for one in s.cases_under)
    return s.facts.get("assessment_decision") == decision and not under


@guard("no conference was decided on, or the child-protection case keeps the time")
def conference_is_to_be_arranged(s: Situation) -> bool:
    return _to_arrange(s, "child_protection", "child_protection")


@guard("pre-proceedings were not decided on, or their own case keeps the time")
def gateway_is_to_be_arranged(s: Situation) -> bool:
    return _to_arrange(s, "pre_proceedings", "pre_proceedings")


@branch
def from_28_weeks(s: Situation) -> bool:
    return (s.derived.get("gestation_days") or 0) >= WEEKS_28


# The clinic


@guard("there is no such clinic session here, it is called off, or it is of another day")
def clinic_is_of_that_day(s: Situation) -> bool:
    if s.submitted.get("clinic") is None:
        return True
    return s.submitted.get("clinic_on") is not None and (s.derived.get("clinic") or {}).get("held_on") == s.on(
        "clinic_on"
    )


@guard("the plan is amber or red: choose why it drifts")
def drift_is_explained(s: Situation) -> bool:
    return s.submitted.get("progress") not in ("amber", "red") or bool(s.submitted.get("drift_reasons"))


@guard("the next clinic has to come after this one")
def next_clinic_follows(s: Situation) -> bool:
    held, following = _day(s.submitted.get("clinic_on")), _day(s.submitted.get("next_clinic_on"))
    return held is None or following is None or held < following


# Support


@guard("the session lies after the day it is recorded for")
def support_is_of_that_day(s: Situation) -> bool:
    on = _day(s.submitted.get("support_on"))
    return on is None or on <= s.occurred_on


@guard("no baby is born yet: support after the birth comes later")
def phase_fits_the_birth(s: Situation) -> bool:
    return s.submitted.get("phase") != "after_birth" or any(child.live_birth for child in s.children)


@guard("there is no such item in the stock, or it is lent, lost or out of use: see what is there")
def item_can_be_lent(s: Situation) -> bool:
    return bool((s.derived.get("item") or {}).get("free"))


@guard("no item of that code is lent to this family")
def item_is_lent_here(s: Situation) -> bool:
    return s.submitted.get("item") in s.derived.get("lent", ())


@guard("a Real Care baby is still lent to this family: record first that it is back, or lost")
def nothing_is_lent(s: Situation) -> bool:
    return not s.derived.get("lent")


# The birth plan and the birth


@guard("it is before 28+0 and no risk of an early birth is recorded")
def birth_plan_may_start(s: Situation) -> bool:
    return from_28_weeks(s) or s.submitted.get("preterm_risk") is True


@guard("not everyone has the plan: the parents a copy, the emergency duty team the notice; early permanence considered")
def plan_is_with_everyone(s: Situation) -> bool:
    return all(
        s.submitted.get(name) is True for name in ("parents_have_copy", "out_of_hours_told", "permanence_considered")
    )


ADOPTION_MAY_FOLLOW = frozenset({"adoption", "early_permanence", "fostering", "undecided"})  # care plans


def adoption_is_possible(s: Situation) -> bool:
    """Whether adoption may become the plan, by the plan expected at the clinic, the legal position or the decision."""
    return (
        s.facts.get("expected_care_plan") in ADOPTION_MAY_FOLLOW
        or s.facts.get("legal_position") in ("apply_at_birth", "pre_proceedings")
        or s.facts.get("assessment_decision") == "pre_proceedings"
    )


@guard("adoption is possible: say whether early permanence was considered, what the answer is, and why")
def early_permanence_is_considered(s: Situation) -> bool:
    """SEFTON-EP: the duty to consider it where adoption is considered; S-DUR: a focus on fostering for adoption."""
    if not adoption_is_possible(s):
        return True
    answered = s.submitted.get("early_permanence") in ("planned", "open", "not_right")
    return answered and _said(s, "early_permanence_reason")


def _babies(s: Situation) -> Sequence[Mapping[str, Any]]:
    return _rows(s.submitted, "babies")


@branch
def any_live_birth(s: Situation) -> bool | None:
    """Whether a baby recorded in this move was born alive; None where none is recorded."""
    return any(baby.get("live_birth") is True for baby in _babies(s)) if _babies(s) else None


@guard("a live birth is recorded")
def no_live_birth(s: Situation) -> bool:
    return not any(child.live_birth for child in s.children)


@guard("no live birth is recorded")
def live_birth_is_recorded(s: Situation) -> bool:
    return any(child.live_birth for child in s.children)


@guard("a date of birth lies after the day it is recorded for")
def birth_dates_are_possible(s: Situation) -> bool:
    born = [_day(baby.get("born_on")) for baby in _babies(s)]
    return bool(born) and all(day is not None and day <= s.occurred_on for day in born)


@guard("the plan is not to apply to court after the birth, or the pre-proceedings case keeps the time")
def court_application_is_planned(s: Situation) -> bool:
    return s.facts.get("legal_position") == "apply_at_birth" and not s.open_under("pre_proceedings")


@guard("who reported that the pregnancy ended cannot be the one who confirms it")
def confirmer_did_not_report(s: Situation) -> bool:
    return _somebody_else(s, "report_pregnancy_ended", "record_birth")


# Children


def _living(s: Situation) -> Iterator[Child]:
    return (child for child in s.children if child.live_birth and child.died_on is None)


def _named(s: Situation, name: str) -> set[Any]:
    return {one.get("child") for one in _rows(s.submitted, name)}


@guard("there is no child of that number on this case")
def children_are_known(s: Situation) -> bool:
    known = set(range(1, len(s.children) + len(_babies(s)) + 1))
    single = {s.submitted["child"]} if s.submitted.get("child") is not None else set()
    records = ("care_plans", "outcomes", "destinations", "court_children", "final_orders")
    return single.union(*(_named(s, name) for name in records)) <= known


@guard("that child is not on this case, or the death is already recorded")
def child_is_living(s: Situation) -> bool:
    return s.submitted.get("child") in {child.number for child in _living(s)}


@guard("no child's death is recorded")
def a_child_has_died(s: Situation) -> bool:
    return any(child.live_birth and child.died_on for child in s.children)


@guard("the child's death lies after the day it is recorded for, or before the birth")
def death_date_is_possible(s: Situation) -> bool:
    died_on = _day(s.submitted.get("died_on"))
    born_on = next((child.born_on for child in s.children if child.number == s.submitted.get("child")), None)
    return died_on is not None and died_on <= s.occurred_on and (born_on is None or born_on <= died_on)


@guard("no discharge meeting is recorded")
def discharge_meeting_was_held(s: Situation) -> bool:
    held_on = s.on("discharge_meeting_on")
    return held_on is not None and held_on <= s.occurred_on


@guard("safe sleep has not been talked about")
def safe_sleep_was_discussed(s: Situation) -> bool:
    return s.submitted.get("safe_sleep_discussed") is True


@guard("each living baby needs a destination")
def each_baby_has_a_destination(s: Situation) -> bool:
    living = {child.number for child in _living(s)}
    return bool(living) and living <= _named(s, "destinations")


@guard("a baby leaves hospital under section 20: open the looked-after case of that child first")
def section_20_has_its_case(s: Situation) -> bool:
    under_20 = {
        one.get("child")
        for one in _rows(s.submitted, "destinations")
        if one.get("destination") in ("foster_care_s20", "kin_s20")
    }
    return under_20 <= {one.child for one in s.open_under("looked_after")}


# Court


@guard("the legal gateway has not agreed to apply")
def gateway_agreed_to_apply(s: Situation) -> bool:
    return s.submitted.get("gateway_agreed") is True and s.submitted.get("gateway_decided_on") is not None


@guard("a family group decision-making meeting must be offered first, or the reason given why not")
def family_group_meeting_is_settled(s: Situation) -> bool:
    """Children Act 1989 s.31ZA, once it is in force where this case is; `fgdm_in_force` says so."""
    offered = s.submitted.get("family_group_meeting")
    if offered == "exempt":
        return _said(s, "family_group_reason")
    return offered in ("held", "declined") or (offered == "not_in_force" and not s.derived.get("fgdm_in_force"))


@guard("a court case of one of the children is still open")
def no_court_case_is_open(s: Situation) -> bool:
    return not s.open_under("care_proceedings")


@guard("no child's court case has come to its end")
def court_has_decided(s: Situation) -> bool:
    return any(one.lifecycle == "care_proceedings" and one.final for one in s.cases_under)


# Outcome and closing


def _outcomes(s: Situation) -> dict[int, str]:
    outcomes = {child.number: child.outcome for child in s.children if child.outcome}
    outcomes.update((one["child"], one["outcome"]) for one in _rows(s.submitted, "outcomes") if len(one) >= 2)
    return outcomes


@guard("every child needs an outcome")
def each_child_has_an_outcome(s: Situation) -> bool:
    expected = {child.number for child in s.children if child.live_birth}
    return bool(expected) and expected <= _outcomes(s).keys()


def _agreed_outcomes(s: Situation) -> list[Mapping[str, Any]]:
    return [one for one in _rows(s.submitted, "outcomes") if one.get("outcome")]


def _says_itself(s: Situation, child: Any) -> bool:
    """Whether a looked-after case of that child holds its placements, legal statuses and their end."""
    return any(one.lifecycle == "looked_after" and one.child in (child, None) for one in s.cases_under)


@guard(
    "an outcome lacks its dates or codes: since when; and where the child has no looked-after case here, when adoption "
    "was decided, or placement and legal status"
)
def each_outcome_has_its_dates(s: Situation) -> bool:
    """What the national returns need of each outcome (domain 5.1, 5.3, 5.4)."""
    from_its_case = ("placement", "legal_status", "decision_on")
    return all(
        one.get(name) is not None or (name in from_its_case and _says_itself(s, one.get("child")))
        for one in _agreed_outcomes(s)
        for name in OUTCOME_NEEDS.get(one["outcome"], ())
    )


@guard("a placement or an end of being looked after does not go with the outcome it is given for")
def outcome_codes_fit(s: Situation) -> bool:
    """SSDA903: U2 and U5 are early permanence; A5 and A6 need a placement order (rule 408); E11, E12 are adoption."""
    return all(
        (one.get("placement") is None or one["placement"] in OUTCOME_PLACEMENTS.get(one["outcome"], ()))
        and (one.get("reason_ceased") is None or one["reason_ceased"] in OUTCOME_ENDINGS.get(one["outcome"], ()))
        and (one.get("placement") not in ("A5", "A6") or one.get("placement_order_on") is not None)
        and (one.get("reason_ceased") not in ("E11", "E12") or one.get("order_on") is not None)
        for one in _agreed_outcomes(s)
    )


@guard(
    "the dates of an outcome cannot be in that order: decided, placement order, placed, adoption order; and none may "
    "lie after the day it is recorded for"
)
def outcome_dates_fit(s: Situation) -> bool:
    """SSDA903 rules 521, 551 and 554."""
    for one in _agreed_outcomes(s):
        since, *rest = (
            _day(one.get(name)) for name in ("since", "decision_on", "placement_order_on", "placed_on", "order_on")
        )
        known = [day for day in rest if day is not None]
        if known != sorted(known) or any(day > s.occurred_on for day in (*known, *([since] if since else ()))):
            return False
    return True


@guard("a child is not with his or her parents")
def a_child_is_removed(s: Situation) -> bool:
    return any(outcome in AWAY_FROM_PARENTS for outcome in _outcomes(s).values())


@guard("a case under this one is open")
def no_open_case_under(s: Situation) -> bool:
    return not s.open_under()


@guard("whether to notify a child's death as a serious incident is not decided")
def incident_is_decided(s: Situation) -> bool:
    return not a_child_has_died(s) or s.facts.get("incident_notification") is not None


@guard("a child does not live with the parents: say whether Pause was offered")
def pause_was_considered(s: Situation) -> bool:
    return not a_child_is_removed(s) or s.submitted.get("pause_offer") not in (None, "not_applicable")


@guard("Pause is told only where it was offered or is to be offered")
def pause_is_told_only_where_offered(s: Situation) -> bool:
    return not s.submitted.get("pause_team") or s.submitted.get("pause_offer") in ("offered", "later")


@guard("closure code RC8 or RC9 needs an assessment; RC1, RC3 and RC4 need such an outcome, RC2 a child's death")
def closure_code_fits(s: Situation) -> bool:
    closing, outcomes = s.submitted.get("closure_code"), set(_outcomes(s).values())
    needed = {
        "RC1": "adoption" in outcomes,
        "RC2": "died" in outcomes,
        "RC3": "child_arrangements" in outcomes,
        "RC4": "special_guardianship" in outcomes,
        "RC8": "submit_assessment" in s.last_actor,
        "RC9": "submit_assessment" in s.last_actor,
    }
    return closing is not None and needed.get(closing, True)


@guard("the receiving team has not accepted the case")
def receiving_team_accepted(s: Situation) -> bool:
    return _said(s, "accepted_by") and s.submitted.get("accepted_on") is not None


@guard("the receiving authority has not accepted in writing")
def transfer_is_accepted_in_writing(s: Situation) -> bool:
    return s.submitted.get("accepted_in_writing") is True


@guard("there is or was a child-protection plan: the transfer-in conference must be asked for")
def transfer_conference_is_asked_for(s: Situation) -> bool:
    plan = any(one.lifecycle == "child_protection" and one.state != "no_further_action" for one in s.cases_under)
    return not plan or s.submitted.get("transfer_conference_asked") is True
