"""SpiffWorkflow: a BPMN process for each case, read and written whole with every step; the other rows by hand.

A state is a user task; the gateway after it takes the edge whose condition holds for the move, the role and the needs.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.serializer.workflow import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from bench.peers import floor
from bench.peers.answering import Place, answer_walk
from bench.peers.unit import MOST_NEEDS, MOVES, NEXT, ROLE, STATES, Refused, connected, is_sqlite, link, written

GUARDED = {"needs_are_known": "needs >= 0", "needs_are_met": f"needs <= {MOST_NEEDS}"}
MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def bpmn() -> str:
    """The walk as a BPMN document."""
    flows = [("begin", STATES[0], "")]
    nodes = ['<startEvent id="begin"/>', '<endEvent id="withdrawn"/>']
    for state in STATES:
        nodes.append(f'<userTask id="{state}"/><exclusiveGateway id="after_{state}" default="stay_{state}"/>')
        flows.append((state, f"after_{state}", ""))
        for name, (sources, to, roles, guard, _) in MOVES.items():
            if state in sources:
                said = [f"move == '{name}'", f"role in {roles!r}", *([GUARDED[guard]] if guard else [])]
                flows.append((f"after_{state}", to, " and ".join(said)))
        nodes.append(f'<sequenceFlow id="stay_{state}" sourceRef="after_{state}" targetRef="{state}"/>')
    for number, (source, target, condition) in enumerate(flows):
        inner = f"<conditionExpression>{escape(condition)}</conditionExpression>" if condition else ""
        nodes.append(
            f'<sequenceFlow id="flow_{number}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
        )
    inside = f'<process id="journey" isExecutable="true">{"".join(nodes)}</process>'
    return f'<definitions xmlns="{MODEL}" id="document">{inside}</definitions>'


def begun() -> BpmnWorkflow:
    parser = BpmnParser()
    parser.add_bpmn_str(bpmn().encode())
    workflow = BpmnWorkflow(parser.get_spec("journey"))
    workflow.do_engine_steps()
    return workflow


def moved(workflow: BpmnWorkflow, move: str, role: str, needs: int) -> str:
    task = workflow.get_tasks(state=TaskState.READY, manual=True)[0]
    task.data.update(move=move, role=role, needs=needs)
    task.run()
    workflow.do_engine_steps()
    waiting = workflow.get_tasks(state=TaskState.READY, manual=True)
    return waiting[0].task_spec.name if waiting else "withdrawn"


def _keep_processes(place: Place) -> None:
    connection, mark = connected(place.url), "?" if is_sqlite(place.url) else "%s"
    connection.execute("CREATE TABLE processes (case_id BIGINT PRIMARY KEY, body TEXT NOT NULL)")
    workflow, serializer = begun(), BpmnWorkflowSerializer()
    for state in STATES:
        body = serializer.serialize_json(workflow)
        connection.execute(f"INSERT INTO processes SELECT id, {mark} FROM cases WHERE state = {mark}", (body, state))
        moved(workflow, NEXT[state], ROLE, 1)
    connection.close()


def session(place: Place) -> Any:
    if place.index == 0:
        _keep_processes(place)
    connection, lite, serializer = connected(place.url), is_sqlite(place.url), BpmnWorkflowSerializer()
    load, store = "SELECT body FROM processes WHERE case_id = ?", "UPDATE processes SET body = ? WHERE case_id = ?"
    begin, lock = ("BEGIN IMMEDIATE", "") if lite else ("BEGIN", " FOR UPDATE")
    statements = (floor.READ + lock, load, store, floor.CASE, floor.ENTRY, floor.MEET, floor.OPEN)
    read, load, store, case_, entry, meet, open_ = (one if lite else one.replace("?", "%s") for one in statements)
    run = connection.execute

    def advance(case: int, move: str, who: str, role: str) -> None:
        run(begin)
        state, needs, version, seq, head = run(read, (case,)).fetchone()
        workflow = serializer.deserialize_json(run(load, (case,)).fetchone()[0])
        to = moved(workflow, move, role, needs)
        if to == state:
            raise Refused(move)
        now = datetime.now(UTC)
        due: Any = now + timedelta(days=MOVES[move][4])
        at: Any = now
        if lite:
            at, due = written(now), written(due)
        digest = link(head, case, seq + 1, written(now), who, state, to, move)
        run(store, (serializer.serialize_json(workflow), case))
        run(case_, (to, seq + 1, digest, at, case, version))
        run(entry, (case, seq + 1, at, who, state, to, move, head, digest))
        run(meet, (at, case))
        run(open_, (case, due, at))
        run("COMMIT")

    return advance


if __name__ == "__main__":
    answer_walk(session, ("SpiffWorkflow", "psycopg"))
