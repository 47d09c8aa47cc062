"""Whether the process is alive, whether work may be sent to it, and its counts for a monitor."""

import hmac
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest

from workflow.bootstrap import Service
from workflow.errors import NotFound
from workflow.readiness import node_readiness, readiness
from workflow.serving.hosts import is_loopback
from workflow.serving.metrics import Standing
from workflow.serving.moments import moment

router = APIRouter(tags=["service"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """This process answers."""
    return {"status": "alive"}


@router.get("/readyz")
def readyz(request: Request, response: Response, of: Literal["service", "node"] = "service") -> dict[str, str]:
    """Work may be sent here: 200, or 503 with what stands in the way.

    `of=node` asks for this process and its database alone, as a proxy does that chooses among several.
    """
    service: Service = request.app.state.service
    found = node_readiness(service) if of == "node" else readiness(service, moment(request))
    response.status_code = 200 if found.ready else 503
    return {"status": "ready" if found.ready else "not ready", **found.says}


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Counts in Prometheus' text form: for this machine, or with the token of WAYMARK_METRICS_TOKEN."""
    service: Service = request.app.state.service
    if not (_from_here(request) or _has_token(request, service)):
        raise NotFound("there is no such page")
    with service.database.read() as connection:
        standing = CollectorRegistry()
        standing.register(Standing(connection, moment(request)))
        text = generate_latest(request.app.state.counts.registry) + generate_latest(standing)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _from_here(request: Request) -> bool:
    """Whether a process on this machine asks for itself: one that says it passes on for another does not."""
    forwarded = {"forwarded", "x-forwarded-for", "x-real-ip"} & set(request.headers)
    return request.client is not None and is_loopback(request.client.host) and not forwarded


def _has_token(request: Request, service: Service) -> bool:
    token = service.settings.metrics_token
    given = request.headers.get("authorization", "")
    return token is not None and hmac.compare_digest(given.encode(), f"Bearer {token.get_secret_value()}".encode())
