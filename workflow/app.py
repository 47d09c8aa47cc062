"""The HTTP application: whether the process is alive and the service is ready. Pages and API join it here."""

from datetime import UTC, datetime

from fastapi import FastAPI, Response

from workflow.bootstrap import Service
from workflow.readiness import readiness


def create_app(service: Service) -> FastAPI:
    """The application on one service. It shows no case."""
    app = FastAPI(title="Waymark", docs_url=None, redoc_url=None)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """This process answers."""
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz(response: Response) -> dict[str, str]:
        """Work may be sent here: 200, or 503 with what stands in the way."""
        found = readiness(service, datetime.now(UTC))
        response.status_code = 200 if found.ready else 503
        return {"status": "ready" if found.ready else "not ready", **found.says}

    return app
