"""The leakage audit: what a model could nevertheless know about the held-out pairs."""

from __future__ import annotations

from semcomp.data.audits.auditing import CHECKS, audit
from semcomp.data.audits.findings import Audit, Outcome

__all__ = ["CHECKS", "Audit", "Outcome", "audit"]
