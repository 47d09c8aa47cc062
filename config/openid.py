"""Which OpenID provider people may sign in with, and what its claims mean here: WAYMARK_OPENID, as JSON."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from states.roles import Role

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OpenIDProvider(BaseModel):
    """One provider, for the staff of one authority. What `roles` and `teams` do not name opens nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    issuer: str  # exactly as the provider's tokens write it
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    authority: str = Field(min_length=1)
    role_claim: str = "roles"  # the name of a claim, or a way into one: realm_access.roles
    team_claim: str = "groups"
    roles: dict[str, Role]  # a value of that claim: the role it gives
    teams: dict[str, str]  # a value of that claim: the code of the team
    scopes: tuple[str, ...] = ("openid", "profile")
    subject_claim: str = "sub"  # what stays the same for a person; Entra ID shows administrators `oid` and never `sub`
    username_claim: str = "preferred_username"
    name_claim: str = "name"
    create_accounts: bool = False  # else an administrator makes and links them
    counts_as_second_factor: bool = True  # the provider has asked for one
    second_factor_acr: tuple[str, ...] = ()  # where given, it counts only with one of these values of `acr`
    second_factor_amr: tuple[str, ...] = ()  # or with one of these in `amr`

    @field_validator("issuer")
    @classmethod
    def _is_safe(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        plain = parts.scheme == "http" and parts.hostname in LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or plain) or parts.query or parts.fragment:
            raise ValueError("the issuer must be an https address, without ? and #")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _asks_for_a_token(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("the scopes must hold openid: without it a provider tells nobody's identity")
        return scopes

    @model_validator(mode="after")
    def _gives_nobody_the_service(self) -> Self:
        if Role.SYSTEM in self.roles.values():
            raise ValueError(f"no claim can give the role {Role.SYSTEM.value}: it is the service itself")
        if not self.roles or not self.teams:
            raise ValueError("roles and teams must each map at least one value of a claim: else nobody could sign in")
        return self
