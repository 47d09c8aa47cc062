"""The pure parts of serving: which settings are fit, which hosts are answered, what a problem document says."""

import pytest
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.responses import Response

from config.settings import Settings
from workflow.errors import BadInput, NotFound, NotReached, WaymarkError
from workflow.serving.cookies import clear_cookie, set_cookie
from workflow.serving.csrf import csrf_token
from workflow.serving.fitness import unfit, unfit_host
from workflow.serving.hosts import allowed_hosts, is_loopback
from workflow.serving.problem_types import responses
from workflow.serving.problems import KINDS, name_of, problem_of
from workflow.serving.security_headers import content_policy

SECRET, SEAL = (
    "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d",
    "45c48cce2e2d7fbdea1afc51c7c6ad26d3d9446802a44259755d38e6d163e820",
)
HTTPS = "https://waymark.example.gov.uk"


def settings(**given: object) -> Settings:
    sound: dict[str, object] = {"secret_key": SecretStr(SECRET), "seal_key": SecretStr(SEAL), "base_url": HTTPS}
    return Settings.model_validate({**sound, **given})


def test_sound_settings_are_fit_and_a_demo_needs_none() -> None:
    assert unfit(settings(), demo=False) == []
    assert unfit(Settings(), demo=True) == []


def test_everything_missing_is_named_at_once() -> None:
    said = " ".join(unfit(settings(secret_key=None, seal_key=None, require_second_factor=False), demo=False))
    assert "WAYMARK_SECRET_KEY is not set" in said
    assert "WAYMARK_SEAL_KEY is not set" in said
    assert "WAYMARK_REQUIRE_SECOND_FACTOR is off" in said


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("abc", "not 64 hexadecimal digits"),
        ("z" * 64, "not 64 hexadecimal digits"),
        ("0" * 64, "not random"),
        ("deadbeef" * 8, "not random"),
        ("0123" * 8 + "3210" * 8, "not random"),
    ],
)
def test_a_weak_key_is_named(key: str, says: str) -> None:
    (found,) = unfit(settings(secret_key=SecretStr(key)), demo=False)
    assert says in found
    assert key not in found


def test_one_key_for_two_purposes_is_refused() -> None:
    (found,) = unfit(settings(seal_key=SecretStr(SECRET)), demo=False)
    assert "are the same" in found


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"base_url": "http://waymark.example.gov.uk"}, "not https"),
        ({"base_url": "waymark"}, "not a web address"),
        ({"allowed_hosts": ["*"]}, "nearly any host"),
        ({"allowed_hosts": ["*.uk", "waymark.example.gov.uk"]}, "nearly any host"),
        ({"allowed_hosts": ["other.example.gov.uk"]}, "does not name waymark.example.gov.uk"),
        ({"allowed_hosts": ["waymark.example.gov.uk", "waymark.example.gov.uk:443"]}, "leave scheme, port"),
        ({"metrics_token": SecretStr("short")}, "WAYMARK_METRICS_TOKEN"),
    ],
)
def test_what_is_wrong_with_an_address_or_a_host_is_named(given: dict[str, object], says: str) -> None:
    assert any(says in one for one in unfit(settings(**given), demo=False))


@pytest.mark.parametrize(
    "hosts", [["waymark.example.gov.uk"], ["*.example.gov.uk"], ["waymark.example.gov.uk", "[::1]"]]
)
def test_hosts_that_are_names_are_fit(hosts: list[str]) -> None:
    assert unfit(settings(allowed_hosts=hosts), demo=False) == []


def test_the_demo_listens_on_this_machine_only() -> None:
    assert unfit_host("0.0.0.0", demo=True)  # noqa: S104  # given to be refused
    assert not unfit_host("::1", demo=True)
    assert not unfit_host("0.0.0.0", demo=False)  # noqa: S104  # given to be refused


def test_the_host_of_the_address_is_answered_and_the_names_of_this_machine_on_a_demo() -> None:
    assert allowed_hosts(settings(), demo=False) == ["waymark.example.gov.uk"]
    assert "localhost" in allowed_hosts(settings(), demo=True)
    assert "[::1]" in allowed_hosts(Settings(), demo=False)
    assert allowed_hosts(settings(allowed_hosts=["a.example"]), demo=False) == ["a.example"]


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("127.0.0.1.evil.example", False), ("localhost", True), ("10.0.0.1", False)]
)
def test_only_this_machine_is_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here


def test_over_https_the_cookie_is_bound_to_the_host_and_out_of_reach_of_scripts() -> None:
    given = Response()
    set_cookie(given, "value", settings())
    set_cookie(given, "value", Settings())
    clear_cookie(given, settings())
    secure, plain, cleared = given.headers.getlist("set-cookie")
    assert secure == "__Host-waymark=value; HttpOnly; Path=/; SameSite=lax; Secure"
    assert plain == "waymark=value; HttpOnly; Path=/; SameSite=lax"
    assert "Max-Age=0" in cleared
    assert "Secure" in cleared


def test_the_token_of_a_form_is_that_of_its_session() -> None:
    assert csrf_token("a") == csrf_token("a") != csrf_token("b")
    assert len(csrf_token("a")) == 64


def test_the_policy_of_a_page_allows_no_foreign_source() -> None:
    assert "http" not in content_policy("n")
    assert "unsafe" not in content_policy("n")


def test_an_error_is_the_nearest_kind_above_it() -> None:
    class Special(NotFound):
        pass

    assert name_of(Special("x")) == "not-found"
    assert name_of(NotReached("x")) == "not-reached"
    assert name_of(WaymarkError("x")) == name_of(RuntimeError("x")) == "internal"
    assert name_of(HTTPException(418)) == "unreadable"


def test_a_document_lists_all_that_is_wrong() -> None:
    said = problem_of(BadInput("a referral", ["edd is missing", "name is empty"]), "r1")
    assert said.problems == ["edd is missing", "name is empty"]
    assert (said.status, said.instance) == (422, "urn:waymark:request:r1")


def test_each_status_can_be_documented() -> None:
    assert all(one["content"] for one in responses(*{kind.status for kind in KINDS.values()}).values())
