"""Import of referrals and of a running caseload from CSV and XLSX files: all of it or nothing."""

from workflow.imports.columns import Kind
from workflow.imports.importing import ImportReport, import_file
from workflow.imports.templates import write_template

__all__ = ["ImportReport", "Kind", "import_file", "write_template"]
