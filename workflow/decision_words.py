"""A policy's decision about a referral, in sentences for people."""

from collections.abc import Mapping
from typing import Any


def verdict(decision: Mapping[str, Any], services: Mapping[str, str]) -> str:
    """What was decided, in one sentence; `services` are the names of this authority's services by their id."""

    def named(service: str | None) -> str:
        label = services.get(service, service.replace("_", " ")) if service else "no service"
        return f"the {label[4:]}" if label.startswith("The ") else label

    rule = f" (rule {decision['rule']})" if decision["rule"] else ""
    match decision["decision"]:
        case "accept":
            return f"Accepted for {named(decision['service'])}{rule}."
        case "consent_needed":
            return f"Meets the criteria of {named(decision['service'])}{rule}; the parents' consent is needed first."
        case "route":
            return f"Goes to {named(decision['service'])}{rule}."
        case "manager_decision":
            return f"A manager decides{rule}; suggested: {named(decision['default_service'])}."
        case _:
            return "Cannot be decided yet: more information is needed."
