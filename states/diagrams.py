"""A lifecycle for people and programs: as a table, Markdown, JSON, Mermaid and a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

from states.drawing import as_svg
from states.facts import Fact
from states.guards import GUARDS
from states.lifecycle import NEW, SELF, UNDER, Clock, Lifecycle, State, Transition
from states.picture import SHARED, is_way_back, moves_of, name_of, own_rows, states_in_words
from states.roles import ROLE_LABELS

__all__ = ["as_json", "as_markdown", "as_mermaid", "as_svg", "as_table"]


def as_table(lifecycle: Lifecycle) -> list[dict[str, str]]:
    """One row of text for each allowed move; rows that differ only in where they lead are one."""
    return [_table_row(lifecycle, rows) for rows in _alike(lifecycle.transitions)]


def _alike(rows: Sequence[Transition]) -> list[list[Transition]]:
    groups: dict[tuple[object, ...], list[Transition]] = {}
    for number, row in enumerate(rows):
        alone = (number,) if row.when is None else (row.when[0],)
        same = (row.trigger, row.label, row.sources, row.guards, tuple(fact.name for fact in row.facts), *alone)
        groups.setdefault(same, []).append(row)
    return list(groups.values())


def _table_row(lifecycle: Lifecycle, rows: Sequence[Transition]) -> dict[str, str]:
    row = rows[0]
    return {
        "trigger": row.trigger,
        "move": row.label,
        "from": states_in_words(lifecycle, row.sources),
        "to": _target_words(lifecycle, rows),
        "who": ", ".join(dict.fromkeys(ROLE_LABELS[role] for role in row.roles)),
        "facts": "; ".join(fact.label if fact.required else f"{fact.label} (if known)" for fact in row.facts),
        "refused_when": "; ".join(GUARDS[name].says for name in row.guards),
        "approval": _approval_words(row),
        "basis": row.basis,
    }


def _target_words(lifecycle: Lifecycle, rows: Sequence[Transition]) -> str:
    if rows[0].trigger == "migrate_in":
        return states_in_words(lifecycle, [row.to for row in rows])
    if is_way_back(rows[0]):
        changed = [
            f"{name_of(lifecycle, row.to)} after {name_of(lifecycle, row.when[1])}"
            for row in rows
            if row.when and row.when[1] != row.to and row.when[1] in lifecycle.state_by_id
        ]
        return "; ".join(["back to the state that was left", *changed])
    return " or ".join(dict.fromkeys("stays" if row.to == SELF else name_of(lifecycle, row.to) for row in rows))


def _approval_words(row: Transition) -> str:
    if row.approval is None:
        return ""
    words = ROLE_LABELS[row.approval.by]
    if row.approval.when:
        words += f", where {_condition(row.approval.when)}"
    return f"{words} (may follow)" if row.approval.may_follow else words


def _condition(guard: str) -> str:
    """A guard in words where it is a condition: its sentence tells why a move is refused, so its name is read here."""
    return guard.replace("_", " ")


# Markdown


def as_markdown(lifecycle: Lifecycle) -> str:
    """The whole table as a page: the picture, states by stage, moves and clocks."""
    parts = [
        f"# {_cell(lifecycle.label)}",
        _about(lifecycle),
        f"![The states of {_cell(lifecycle.label)} and the moves between them]({lifecycle.id}.svg)",
        "## States",
        _grid(
            ("Stage", "State", "Meaning", "Id"),
            [(state.stage, _state_words(state), state.meaning, f"`{state.id}`") for state in _by_stage(lifecycle)],
        ),
        "## Moves",
        _grid(
            ("Move", "From", "To", "Who", "Asks for", "Refused when", "Approval by", "Basis"),
            [_move_cells(row) for row in as_table(lifecycle)],
        ),
        "## Clocks",
        "How long each may run is policy (`config/policies`), not part of the lifecycle.",
        _grid(
            ("Clock", "Owner", "Runs in", "Starts", "Met by", "Also ends with"),
            [_clock_cells(lifecycle, clock) for clock in lifecycle.clocks],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _about(lifecycle: Lifecycle) -> str:
    words = f"Generated from the lifecycle `{lifecycle.id}`, version {lifecycle.version}, code {lifecycle.code}."
    words += f" Subject: {lifecycle.subject}."
    if lifecycle.parent:
        words += (
            f" It stands under a case of `{lifecycle.parent}`{', one for each child' if lifecycle.per_child else ''}."
        )
    return words


def _by_stage(lifecycle: Lifecycle) -> list[State]:
    return sorted(lifecycle.states, key=lambda state: lifecycle.stages.index(state.stage))


def _state_words(state: State) -> str:
    if state.final:
        return f"{state.label} (end)"
    return f"{state.label} (remembers where the case came from)" if state.holds else state.label


def _move_cells(row: Mapping[str, str]) -> tuple[str, ...]:
    names = ("from", "to", "who", "facts", "refused_when", "approval", "basis")
    return (f"{row['move']} `{row['trigger']}`", *(row[name] for name in names))


def _clock_cells(lifecycle: Lifecycle, clock: Clock) -> tuple[str, ...]:
    starts = [_trigger_label(lifecycle, trigger) for trigger in clock.started_by]
    starts += [f"after: {lifecycle.clock_by_id[other].label}" for other in clock.after]
    if clock.starts_on_entry:
        starts = ["on entry"]
    if clock.only_if:
        starts.append(f"only where {_condition(clock.only_if)}")
    if clock.repeats:
        starts.append("again each time it is met")
    if clock.per != "case":
        starts.append(f"one for each {clock.per}")
    ends = [_trigger_label(lifecycle, trigger) for trigger in clock.cancelled_by]
    if clock.birth_related:
        ends.append("the end of a pregnancy")
    return (
        f"{clock.label} `{clock.id}`",
        ROLE_LABELS[clock.owner],
        states_in_words(lifecycle, clock.during),
        "; ".join(starts),
        "; ".join(_trigger_label(lifecycle, trigger) for trigger in clock.met_by),
        "; ".join([*ends, "leaving these states"]),
    )


def _trigger_label(lifecycle: Lifecycle, trigger: str) -> str:
    return next(row.label for row in lifecycle.transitions if row.trigger == trigger)


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([_cell(one) for one in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(words: str) -> str:
    """Text that cannot end a table cell or open a tag."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("\n", " ")


# JSON


def as_json(lifecycle: Lifecycle) -> dict[str, Any]:
    """The complete definition, ready for json.dumps."""
    return {
        "id": lifecycle.id,
        "label": lifecycle.label,
        "code": lifecycle.code,
        "version": lifecycle.version,
        "subject": lifecycle.subject,
        "parent": lifecycle.parent,
        "per_child": lifecycle.per_child,
        "record": lifecycle.record,
        "stages": list(lifecycle.stages),
        "states": [_state_json(state) for state in lifecycle.states],
        "transitions": [_transition_json(row) for row in lifecycle.transitions],
        "clocks": [_clock_json(clock) for clock in lifecycle.clocks],
    }


def _state_json(state: State) -> dict[str, Any]:
    return {
        "id": state.id,
        "label": state.label,
        "stage": state.stage,
        "meaning": state.meaning,
        "final": state.final,
        "holds": state.holds,
    }


def _transition_json(row: Transition) -> dict[str, Any]:
    approval = row.approval and {
        "by": row.approval.by.value,
        "when": row.approval.when and _guard_json(row.approval.when),
        "may_follow": row.approval.may_follow,
    }
    return {
        "trigger": row.trigger,
        "label": row.label,
        "from": list(row.sources),
        "to": None if row.to == SELF else row.to,
        "when": row.when and {"branch": row.when[0], "value": row.when[1]},
        "roles": [role.value for role in row.roles],
        "facts": [fact_json(fact) for fact in row.facts],
        "guards": [_guard_json(name) for name in row.guards],
        "approval": approval,
        "notify": [role.value for role in row.notify],
        "under": row.under and {"effect": row.under, "says": UNDER[row.under]},
        "may_precede_opening": row.may_precede_opening,
        "basis": row.basis,
    }


def _guard_json(name: str) -> dict[str, str]:
    return {"name": name, "refused_when": GUARDS[name].says}


def fact_json(fact: Fact) -> dict[str, Any]:
    """One fact as a form or a schema needs it."""
    return {
        "name": fact.name,
        "type": fact.type.value,
        "label": fact.label,
        "hint": fact.hint,
        "choices": None if fact.choices is None else dict(fact.choices),
        "required": fact.required,
        "personal": fact.personal,
        "fields": [fact_json(inner) for inner in fact.fields],
        "pattern": fact.pattern,
        "minimum": fact.minimum,
        "maximum": fact.maximum,
    }


def _clock_json(clock: Clock) -> dict[str, Any]:
    return {
        "id": clock.id,
        "label": clock.label,
        "during": list(clock.during),
        "starts_on_entry": clock.starts_on_entry,
        "started_by": list(clock.started_by),
        "after": list(clock.after),
        "met_by": list(clock.met_by),
        "cancelled_by": list(clock.cancelled_by),
        "repeats": clock.repeats,
        "only_if": clock.only_if,
        "birth_related": clock.birth_related,
        "per": clock.per,
        "owner": clock.owner.value,
    }


# Mermaid


def as_mermaid(lifecycle: Lifecycle) -> str:
    """A state diagram in Mermaid; moves that stay are notes, moves all lifecycles share a comment."""
    lines = ["stateDiagram-v2", f"    %% {_mermaid(lifecycle.label)}, version {lifecycle.version}"]
    lines += [f"    %% shared: {row.trigger}, {_mermaid(row.label)}" for row in _shared(lifecycle)]
    for stage in lifecycle.stages:
        lines.append(f"    %% stage: {_mermaid(stage)}")
        lines += [
            f'    state "{_mermaid(state.label)}" as {state.id}' for state in lifecycle.states if state.stage == stage
        ]
    for (source, target), labels in _mermaid_arcs(lifecycle).items():
        origin = "[*]" if source == NEW else source
        lines.append(f"    {origin} --> {target}: {'<br/>'.join(_mermaid(label) for label in labels)}")
    lines += [f"    {state.id} --> [*]" for state in lifecycle.states if state.final]
    for state in lifecycle.states:
        stays = [move.label for move in moves_of(lifecycle) if move.target is None and state.id in move.sources]
        if stays:
            lines += [
                f"    note right of {state.id}",
                *(f"        {_mermaid(label)}" for label in dict.fromkeys(stays)),
                "    end note",
            ]
    return "\n".join(lines) + "\n"


def _shared(lifecycle: Lifecycle) -> list[Transition]:
    rows = {row.trigger: row for row in reversed(lifecycle.transitions) if row.trigger in SHARED}
    return [rows[trigger] for trigger in SHARED if trigger in rows]


def _mermaid_arcs(lifecycle: Lifecycle) -> dict[tuple[str, str], list[str]]:
    arcs: dict[tuple[str, str], list[str]] = {}
    for row in own_rows(lifecycle):
        for source in row.sources:
            target = lifecycle.target(row, source)
            if target == source:
                continue
            labels = arcs.setdefault((source, target), [])
            if row.label not in labels:
                labels.append(row.label)
    return arcs


def _mermaid(words: str) -> str:
    """Text without the characters Mermaid reads as its own: written as numbered entities."""
    return "".join(f"#{ord(one)};" if one in '#;:<>"&{}[]%' else one for one in words.replace("\n", " "))
