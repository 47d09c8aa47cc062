"""Who may act: the roles of the field (domain: pre-birth, court, Pause, oversight)."""

from enum import StrEnum


class Role(StrEnum):
    """A role as staff name it; the value is the abbreviation used in tables and accounts."""

    FRONT_DOOR = "FD"
    EMERGENCY_DUTY = "EDT"
    CASEWORKER = "CW"
    TEAM_MANAGER = "TM"
    SERVICE_MANAGER = "SM"
    HEAD_OF_SERVICE = "HOS"
    ASSISTANT_DIRECTOR = "AD"
    LEGAL = "LEG"
    CHAIR = "CHAIR"
    PAUSE_PRACTITIONER = "PP"
    PAUSE_LEAD = "PL"
    AUDITOR = "AUD"
    OVERSIGHT = "OVS"
    ADMINISTRATOR = "ADM"
    SYSTEM = "SYS"


ROLE_LABELS: dict[Role, str] = {
    Role.FRONT_DOOR: "front-door worker",
    Role.EMERGENCY_DUTY: "emergency duty worker",
    Role.CASEWORKER: "caseworker",
    Role.TEAM_MANAGER: "team manager",
    Role.SERVICE_MANAGER: "service manager",
    Role.HEAD_OF_SERVICE: "head of service",
    Role.ASSISTANT_DIRECTOR: "assistant director",
    Role.LEGAL: "legal",
    Role.CHAIR: "conference chair or reviewing officer",
    Role.PAUSE_PRACTITIONER: "Pause practitioner",
    Role.PAUSE_LEAD: "Pause practice lead",
    Role.AUDITOR: "auditor",
    Role.OVERSIGHT: "oversight group member",
    Role.ADMINISTRATOR: "administrator",
    Role.SYSTEM: "the service itself",
}


def one_of_role(role: Role) -> str:
    """A role with its article: a caseworker, an auditor."""
    label = "legal adviser" if role is Role.LEGAL else ROLE_LABELS[role]
    return label if role is Role.SYSTEM else f"{'an' if label[0] in 'aeio' else 'a'} {label}"
