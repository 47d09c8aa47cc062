"""The HTTP application: the ways in, joined with what they all stand on. Composition and nothing else."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from workflow import api, web
from workflow.bootstrap import Service
from workflow.serving import health, problem_types, problems
from workflow.serving.body_limit import BodyLimit
from workflow.serving.cookies import is_https
from workflow.serving.hosts import allowed_hosts
from workflow.serving.metrics import CountedRequests, Counts
from workflow.serving.openid import openid_routes
from workflow.serving.request_ids import RequestIds
from workflow.serving.security_headers import SecurityHeaders
from workflow.serving.threads import with_threads
from workflow.serving.time_limit import TimeLimit
from workflow.serving.tracing import Traced, provider_for
from workflow.serving.unexpected_errors import UnexpectedErrors

NO_TELEMETRY: TelemetryConfig = {  # FastAPI's own would put paths, and the text of errors, into spans and logs
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def utc_now() -> datetime:
    """The only place where the application looks at a clock."""
    return datetime.now(UTC)


def create_app(service: Service, *, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """The application on one service; `clock` is read once for each request."""
    counts = Counts()
    with service.database.read() as connection:
        demo = service.is_demo(connection)
    service.engine.observed = counts.moved
    app = FastAPI(
        title="Waymark",
        docs_url=None,
        redoc_url=None,
        middleware=list(_middlewares(service, counts, demo)),
        exception_handlers=dict.fromkeys(problems.FORESEEN, problems.handle),
        lifespan=with_threads(service.settings.threads),
        telemetry=NO_TELEMETRY,
    )
    app.state.service, app.state.clock, app.state.counts = service, clock, counts
    app.state.problem_page = web.answer_problem
    app.state.demo = demo
    app.include_router(health.router)
    app.include_router(problem_types.router)
    if service.settings.openid is not None:
        app.include_router(openid_routes(service))
    app.include_router(api.router())
    app.include_router(web.router())
    web.prepare()
    problem_types.document_problems(app)
    return app


def _middlewares(service: Service, counts: Counts, demo: bool) -> Iterator[Middleware]:
    """From the outside in: what names and counts a request sees every answer, also those of the limits."""
    settings = service.settings
    yield Middleware(RequestIds)
    if settings.otel_endpoint is not None:
        yield Middleware(Traced, provider=provider_for(settings.otel_endpoint))
    yield Middleware(CountedRequests, counts=counts)
    yield Middleware(SecurityHeaders, https=is_https(settings))
    yield Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(settings, demo=demo), www_redirect=False)
    yield Middleware(TimeLimit, seconds=settings.request_seconds, too_long=problems.too_slow)
    yield Middleware(UnexpectedErrors, answer=problems.unexpected)
    yield Middleware(BodyLimit, most=settings.max_body_kb * 1024, too_large=problems.too_large)
