"""What the quality report holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Severity = Literal["warning", "info"]

_SHOWN = 6


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing before a model is fitted; nothing is repaired."""

    severity: Severity
    code: str
    """Stable name of the kind of finding, such as ``tenfold_value``."""
    message: str
    suggestion: str
    channel: str | None = None
    geos: tuple[str, ...] = ()
    """The geos concerned; empty where it is all of them."""
    dates: tuple[pd.Timestamp, ...] = ()


@dataclass(frozen=True)
class QualityReport:
    """Findings, warnings first."""

    findings: tuple[Finding, ...]

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "warning")

    def of(self, code: str) -> tuple[Finding, ...]:
        """The findings of one kind."""
        return tuple(f for f in self.findings if f.code == code)

    def table(self) -> pd.DataFrame:
        """One row a finding: severity, code, channel, where, message, suggestion; all text."""
        rows = [
            {
                "severity": f.severity,
                "code": f.code,
                "channel": f.channel or "",
                "where": where(f.geos, f.dates),
                "message": f.message,
                "suggestion": f.suggestion,
            }
            for f in self.findings
        ]
        columns = ["severity", "code", "channel", "where", "message", "suggestion"]
        return pd.DataFrame(rows, columns=pd.Index(columns), dtype=object)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Warnings before remarks, otherwise as they came."""
    return tuple(sorted(findings, key=lambda f: f.severity != "warning"))


def where(geos: tuple[str, ...], dates: tuple[pd.Timestamp, ...]) -> str:
    """Dates and geos on one line, shortened."""
    return "; ".join(part for part in (listed([day(d) for d in dates]), listed(geos)) if part)


def listed(names: Iterable[str], most: int = _SHOWN) -> str:
    """Names joined by commas, the rest counted."""
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def day(date: pd.Timestamp) -> str:
    """A date as 2021-04-03."""
    return str(date.date())
