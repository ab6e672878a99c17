"""Writes the audit as a page to hand in: one file that loads nothing, in the style of a run's report."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Sequence

from deploy.core.webpage import page
from deploy.edge.web.pageparts import audit_parts
from tools.auditing.evidence import Evidence
from tools.auditing.grading import Mark
from tools.auditing.pagefields import page_fields
from tools.auditing.rule import Result


def write(path: Path, title: str, swarm: Evidence, results: Sequence[Result], mark: Optional[Mark]) -> None:
    """Raises OSError."""
    path.write_text(page(page_fields(title, swarm, results, mark), audit_parts()), encoding="utf-8")
