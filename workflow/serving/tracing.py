"""Traces, where WAYMARK_OTEL_ENDPOINT asks for them: one span a request, named by its route template alone."""

from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workflow.errors import NotReady
from workflow.serving.request_ids import known_method
from workflow.serving.route_templates import route_template

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider


def provider_for(endpoint: str) -> "TracerProvider":
    """Sends spans to a collector (OTLP over HTTP); NotReady where the extra is missing."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise NotReady(f"{error.name} is missing: install waymark with its extra `otel`") from None
    provider = TracerProvider(resource=Resource.create({"service.name": "waymark"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider


class Traced:
    """Starlette's and FastAPI's own tracing put the path and the text of errors into spans: this one does not."""

    def __init__(self, app: ASGIApp, *, provider: "TracerProvider") -> None:
        self.app, self.tracer = app, provider.get_tracer("waymark")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with self.tracer.start_as_current_span(
            "request", record_exception=False, set_status_on_exception=False
        ) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self.app(scope, receive, noted)
            finally:
                span.update_name(f"{known_method(scope['method'])} {route_template(scope)}")
