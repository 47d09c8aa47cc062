"""How the system stands, for those who run it: settings, jobs, schema, promises. No case is shown."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from workflow.api.directory import Administrator
from workflow.api.routing import subject
from workflow.effective_settings import effective_settings
from workflow.job_log import latest_runs
from workflow.light_check import light_check
from workflow.readiness import readiness
from workflow.serving.problem_types import responses

router = subject("system")
SHOWS = responses(401, 403, 503)


class JobRun(BaseModel):
    """The latest run of a job on a node."""

    job: str
    node: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    count: int


class System(BaseModel):
    """How the system stands."""

    schema_version: str | None
    ready: bool
    readiness: dict[str, str]
    settings: dict[str, Any] = Field(description='secrets are "set" or "not set"')
    jobs: list[JobRun]


class Promises(BaseModel):
    """A sentence for each promise that does not hold; none where all do. Cases are named by reference only."""

    broken: list[str]


@router.get("/system", responses=SHOWS)
def show_system(asking: Administrator) -> System:
    """The settings in effect, whether work may be sent here, the latest run of each job, and the schema."""
    service = asking.service
    found = readiness(service, asking.now)
    with service.database.read() as connection:
        jobs = [JobRun(**{name: row[name] for name in JobRun.model_fields}) for row in latest_runs(connection)]
    return System(
        schema_version=service.database.schema_version(),
        ready=found.ready,
        readiness=dict(found.says),
        settings=effective_settings(service),
        jobs=jobs,
    )


@router.get("/system/promises", responses=SHOWS)
def check_promises(asking: Administrator) -> Promises:
    """The light check: what a few queries can tell of the promises, over every case."""
    with asking.service.database.read() as connection:
        return Promises(broken=list(dict.fromkeys(light_check(connection, asking.now))))
