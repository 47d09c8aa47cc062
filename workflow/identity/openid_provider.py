"""What an OpenID provider is asked over HTTP, and how its answers are checked before anything in them is believed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from config.openid import OpenIDProvider
from workflow.errors import NotReady, NotSignedIn

log = structlog.get_logger(__name__)
# Signed with the provider's private key. The client secret signs nothing here, and "none" is no signature.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
PATIENCE = httpx2.Timeout(5)  # seconds for each step; a person waits, and so does a thread
KEPT = timedelta(hours=1)
NEW_KEYS = timedelta(minutes=1)  # a key nobody knows makes the keys be fetched anew, but not for every sign-in
SKEW = 60  # seconds by which its clock and ours may differ
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
UNTRUSTED = "what the OpenID provider answered does not belong to this sign-in: start signing in again"
USED = "the OpenID provider takes that sign-in no more: start signing in again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What ties one sign-in together: the provider sends `state` and `nonce` back, `verifier` proves who began it."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """One provider. What it publishes about itself is kept for an hour, by the time that is handed in."""

    def __init__(self, said: OpenIDProvider, return_address: str) -> None:
        self.said, self.return_address = said, return_address
        self.host = urlsplit(said.issuer).netloc
        self._document: tuple[datetime, dict[str, Any]] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def authorization_address(self, secrets: Secrets, now: datetime) -> str:
        """Where a browser is sent to sign in; NotReady where the provider does not answer."""
        document = self._published(now)
        with self._client(document) as client:
            address, _ = client.create_authorization_url(
                document["authorization_endpoint"],
                state=secrets.state,
                nonce=secrets.nonce,
                code_verifier=secrets.verifier,
            )
        return str(address)

    def claims(self, code: str, *, nonce: str, verifier: str, now: datetime) -> dict[str, Any]:
        """What the provider says of who signed in, in exchange for the code it sent, signed and meant for us.

        NotSignedIn where the code is not good or its answer is not to be believed; NotReady where it does not answer.
        """
        token = self._exchanged(code, verifier, self._published(now))
        try:
            claims = self._decoded(token, now)
            self._check(claims, nonce, now)
        except (JoseError, ValueError) as error:
            log.warning("openid_token_refused", why=type(error).__name__)
            raise NotSignedIn(UNTRUSTED) from None
        return claims

    def _exchanged(self, code: str, verifier: str, document: dict[str, Any]) -> str:
        try:
            with self._client(document) as client:
                answered = client.fetch_token(
                    document["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    redirect_uri=self.return_address,
                )
        except OAuthError as error:
            if error.error == "invalid_grant":
                raise NotSignedIn(USED) from None
            log.warning("openid_exchange_refused")
            says = f"the OpenID provider {self.host} does not accept this service: check client_id and client_secret"
            raise NotReady(says) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, TypeError) as error:
            raise self._silent(error) from None
        token = answered.get("id_token")
        if not isinstance(token, str):
            raise NotReady(f"the OpenID provider {self.host} gave no ID token: does it know this service as OpenID?")
        return token

    def _decoded(self, token: str, now: datetime) -> dict[str, Any]:
        try:
            return jwt.decode(token, self._key_set(now, KEPT), ALGORITHMS).claims
        except InvalidKeyIdError:  # the provider may have changed its keys within the hour
            return jwt.decode(token, self._key_set(now, NEW_KEYS), ALGORITHMS).claims

    def _check(self, claims: dict[str, Any], nonce: str, now: datetime) -> None:
        ours = self.said.client_id
        jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=SKEW,
            iss={"essential": True, "value": self.said.issuer},
            aud={"essential": True, "value": ours},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(claims)
        shared = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (shared or "azp" in claims) and claims.get("azp") != ours:
            raise InvalidClaimError("azp")  # given to another service, which may not sign people in here

    def _published(self, now: datetime) -> dict[str, Any]:
        """The discovery document, once it is known to be of this very issuer and to lead to safe addresses."""
        if self._document is not None and _is_fresh(self._document[0], now, KEPT):
            return self._document[1]
        found = self._get(f"{self.said.issuer.rstrip('/')}/.well-known/openid-configuration")
        plain = self.said.issuer.startswith("http://")
        safe = all(
            str(found.get(name)).startswith(("https://", "http://") if plain else "https://") for name in ENDPOINTS
        )
        if found.get("issuer") != self.said.issuer or not safe:
            says = f"the OpenID provider {self.host} publishes another issuer, or addresses that are not https"
            raise NotReady(f"{says}: check `issuer` in WAYMARK_OPENID, to the last stroke")
        self._document = (now, found)
        return found

    def _key_set(self, now: datetime, oldest: timedelta) -> KeySet:
        if self._keys is not None and _is_fresh(self._keys[0], now, oldest):
            return self._keys[1]
        found = self._get(self._published(now)["jwks_uri"])
        try:
            signing = [key for key in found["keys"] if key.get("use", "sig") == "sig" and key.get("kty") != "oct"]
            keys = KeySet.import_key_set({"keys": signing})
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            raise NotReady(f"the OpenID provider {self.host} publishes no keys that can be read") from None
        self._keys = (now, keys)
        return keys

    def _get(self, address: str) -> dict[str, Any]:
        try:
            found = httpx2.get(address, timeout=PATIENCE, follow_redirects=False).raise_for_status().json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise self._silent(error) from None
        if not isinstance(found, dict):
            raise self._silent(TypeError())
        return found

    def _silent(self, error: Exception) -> NotReady:
        log.warning("openid_provider_silent", error=type(error).__name__)
        return NotReady(f"the OpenID provider {self.host} does not answer as it should: try again in a few minutes")

    def _client(self, document: dict[str, Any]) -> Any:
        ways = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return OAuth2Client(
            client_id=self.said.client_id,
            client_secret=self.said.client_secret.get_secret_value(),
            token_endpoint_auth_method="client_secret_basic" if "client_secret_basic" in ways else "client_secret_post",
            scope=" ".join(self.said.scopes),
            redirect_uri=self.return_address,
            code_challenge_method="S256",
            timeout=PATIENCE,
        )


def _is_fresh(kept_at: datetime, now: datetime, oldest: timedelta) -> bool:
    return abs(now - kept_at) < oldest
