"""The demo caseload: invented people whose cases reproduce the published figures, told through the engine."""

from workflow.demo.loading import DemoSummary, load_demo

__all__ = ["DemoSummary", "load_demo"]
