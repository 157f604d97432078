"""The page over many reports: the headline of each, its gain, its checks, where its files are, and what failed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from mmm.errors import ReportError
from mmm.files import write_whole
from mmm.reporting.content.results import Interval, Results, read_results
from mmm.reporting.design.look import make_look
from mmm.reporting.languages.words import Words, mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.pages.parts import Chapter, Tone
from mmm.reporting.pages.render import Cover, web_page
from mmm.reporting.pages.templating import render
from mmm.reporting.runs.many import Entry, relocated
from mmm.settings.report import ReportSettings

PAGE = "index.html"
_FILES = (("report.html", "HTML"), ("report.pdf", "PDF"), ("allocation.xlsx", "XLSX"), ("results.json", "JSON"))
_CHECKS: dict[str, tuple[Tone, str]] = {
    "pass": ("good", mark("passed")),
    "warn": ("warn", mark("passed, with a reservation")),
    "fail": ("bad", mark("not passed")),
}


@dataclass(frozen=True)
class Link:
    """A file of a report, relative to the page."""

    words: str
    path: str


@dataclass(frozen=True)
class Row:
    """One report on the page; texts of numbers are empty where there is none."""

    title: str
    label: str
    words: str
    tone: Tone = ""
    gain: str = ""
    interval: str = ""
    chance: str = ""
    checks: str = ""
    checks_tone: Tone = ""
    links: tuple[Link, ...] = ()


def write_index(entries: Sequence[Entry], out: Path, report: ReportSettings) -> Path:
    """Write ``out``/index.html over the entries, whole or not at all, and return its path.

    ``report`` gives the page's language and looks; each recommendation stands as its own report words it.
    """
    fmt = Formatter(
        "EUR", "", money_outcome=True, numbers=report.number_format, dates=report.date_format, language=report.language
    )
    t = fmt.t
    rows = [_row(relocated(entry, out), out, t) for entry in entries]
    failed = sum(entry.state == "failed" for entry in entries)
    html = render("chapters/index.html.j2", None, t=t, rows=rows, lead=_lead(len(rows), failed, fmt))
    chapter = Chapter("reports", t("All reports"), "", html)
    cover = Cover(
        title=t("Budget reports"),
        subtitle=fmt.plural("{n} report", "{n} reports", len(rows)),
        date=fmt.date(datetime.now(UTC).date()),
        look=make_look(report, ()),
        language=report.language,
        organisation=report.organisation or "",
        author=report.author or "",
        colophon=t("Gains are expected values with 90% intervals, over each report’s own horizon."),
    )
    return write_whole(out / PAGE, web_page([chapter], cover))


def _lead(count: int, failed: int, fmt: Formatter) -> str:
    """How many there are."""
    if not failed:
        return fmt.plural("{n} report, made.", "{n} reports, all made.", count)
    made = fmt.plural("{n} report made", "{n} reports made", count - failed)
    return fmt.t("{made}, {n} failed.", made=made, n=fmt.number(failed))


def _row(entry: Entry, out: Path, t: Words) -> Row:
    title = entry.job.settings.title or entry.job.settings.name
    label = entry.job.label.replace("_", " ")
    if entry.folder is None:
        kept = () if entry.kept is None else (Link(t("Notebook"), f"{entry.kept.as_posix()}/executed.ipynb"),)
        return Row(title, label, entry.reason, "bad", checks=t("failed"), checks_tone="bad", links=kept)
    folder = entry.folder
    links = tuple(Link(word, f"{folder.as_posix()}/{name}") for name, word in _FILES if (out / folder / name).is_file())
    try:
        found = read_results(out / folder)
    except ReportError as error:
        return Row(title, label, str(error), "bad", links=links)
    return _numbers(found, Row(found.title, label, found.headline.lead, links=links), entry, t)


def _numbers(found: Results, row: Row, entry: Entry, t: Words) -> Row:
    """The row with its numbers, in the notation of its own report and the words of the page."""
    report, units = entry.job.settings.report, found.units
    fmt = Formatter(
        units.currency,
        units.gain,
        units.gain_is_money,
        report.number_format,
        report.date_format,
        language=t.language,
    )
    gain, d = _estimate(found.decision.net_gain or found.decision.gain), found.decision
    tone, words = _CHECKS[found.gate.status]
    return replace(
        row,
        gain=fmt.outcome(gain, sign=True, short=units.gain_is_money),
        interval=fmt.outcome_range(gain, short=units.gain_is_money),
        chance="" if d.probability is None or d.verdict == "unchanged" else fmt.probability(d.probability),
        checks=t(words),
        checks_tone=tone,
    )


def _estimate(value: Interval) -> Estimate:
    nan = float("nan")
    return Estimate(*(nan if v is None else v for v in (value.mean, value.lower, value.upper)))
