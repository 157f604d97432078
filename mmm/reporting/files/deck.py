"""The decision as slides: a PPTX whose charts are the presentation program's own, with their numbers behind them."""

import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from lxml import etree
from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.chart.xlsx import CategoryWorkbookWriter
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
from pptx.enum.text import PP_ALIGN
from pptx.util import Emu, Inches, Pt
from xlsxwriter import Workbook

from mmm.reporting.content.decision import Decision
from mmm.reporting.figures.sheet import ticks
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.labels import calm
from mmm.reporting.pages.telling import Telling
from mmm.reporting.sentences import answers

FILE = "report.pptx"
_WIDTH, _HEIGHT = Inches(13.333), Inches(7.5)
_SIDE, _TOP = Inches(0.6), Inches(1.95)
_MOST_CHANNELS = 14
_AMOUNT = re.compile(r"(\D*)\d[\d.,]*(.*)")
_ROLES = ("accent", "soft")
"""Colours of a note's heading and text."""
_LONG = 650
"""Signs of two notes from which on their box takes smaller print."""


class _Plain(CategoryWorkbookWriter):  # type: ignore[misc]  # python-pptx is not typed
    """The workbook behind a chart, names as text: python-pptx writes a name that begins with '=' as a formula."""

    @contextmanager
    def _open_worksheet(self, xlsx_file: Any) -> Iterator[tuple[Workbook, Any]]:
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        workbook = Workbook(xlsx_file, options)
        yield workbook, workbook.add_worksheet()
        workbook.close()


class _Categories(CategoryChartData):  # type: ignore[misc]  # python-pptx is not typed
    """Data of a chart whose names are text."""

    @property
    def _workbook_writer(self) -> _Plain:
        return _Plain(self)


class Series(NamedTuple):
    """A row of bars or a line: name, values by category, colour, and the ends of intervals where they have some."""

    name: str
    values: Sequence[float]
    colour: str
    lower: Sequence[float] | None = None
    upper: Sequence[float] | None = None


def deck(m: Telling) -> bytes:
    """The slides of a report: the decision, the plan, returns, what drove the outcome, budgets, and belief.

    Charts are native and can be edited; intervals are error bars. Strings from the data are text everywhere.
    """
    made = Presentation()
    made.slide_width, made.slide_height = _WIDTH, _HEIGHT
    made.core_properties.title = m.title
    made.core_properties.author = m.settings.report.author or ""
    made.core_properties.language = m.fmt.language
    _decision(made, m)
    _plan(made, m)
    _returns(made, m)
    _drivers(made, m)
    if len(m.plan.curve) > 1:
        _budgets(made, m)
    _belief(made, m)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def _slide(made: Any, question: str, answer: str, m: Telling) -> Any:
    """An empty slide: its question small, the conclusion as its title, what supports that below, a line at the foot.

    The conclusion is the ``answer``'s first line.
    """
    title, _, below = answer.partition("\n")
    slide = made.slides.add_slide(made.slide_layouts[5])
    heading = slide.shapes.title
    heading.left, heading.top, heading.width, heading.height = _SIDE, Inches(0.45), _WIDTH - 2 * _SIDE, Inches(0.85)
    _write(heading, calm(title), 26 if len(title) < 45 else 20, "ink", m, bold=True)
    _text(slide, (_SIDE, Inches(0.2), _WIDTH - 2 * _SIDE, Inches(0.3)), question, 11, m, role="accent")
    if below:
        _text(slide, (_SIDE, Inches(1.25), _WIDTH - 2 * _SIDE, Inches(0.7)), below, 14, m)
    ends = m.fmt.t("90% interval: nine in ten of the values that fit the data lie inside.")
    _text(slide, (_SIDE, Inches(7.0), _WIDTH - 2 * _SIDE, Inches(0.35)), ends, 10, m, role="faint")
    return slide


def _text(slide: Any, place: tuple[Emu, Emu, Emu, Emu], text: str, size: float, m: Telling, role: str = "soft") -> Any:
    box = slide.shapes.add_textbox(*place)
    _write(box, calm(text), size, role, m)
    return box


def _write(shape: Any, text: str, size: float, role: str, m: Telling, *, bold: bool = False) -> None:
    frame = shape.text_frame
    frame.word_wrap = True
    frame.text = text
    for paragraph in frame.paragraphs:
        paragraph.alignment = PP_ALIGN.LEFT
        for run in paragraph.runs:
            run.font.size, run.font.bold = Pt(size), bold
            run.font.color.rgb = _colour(m.look[role])


def _colour(code: str) -> RGBColor:
    return RGBColor.from_string(code.lstrip("#").upper())


def _decision(made: Any, m: Telling) -> None:
    d, fmt, t = m.decision, m.gain_fmt, m.gain_fmt.t
    headline = m.teller.headline()
    slide = _slide(made, t("What to do"), f"{headline.lead}\n{headline.sentence}", m)
    gain = fmt.outcome(d.gain, sign=True)
    tiles = [
        (t("Expected change: {noun}", noun=m.gain_outcome if fmt.money_outcome else fmt.outcome_unit), gain),
        (t("Chance to beat today’s plan"), fmt.probability(d.probability)),
        (t("Budget"), fmt.money(d.spend_planned)),
        (t("Won by media with this plan"), fmt.outcome(d.won_planned)),
    ]
    notes = [fmt.outcome_range(d.gain), m.teller.during, _budget_note(d, fmt), fmt.outcome_range(d.won_planned)]
    wide = (_WIDTH - 2 * _SIDE - 3 * Inches(0.2)) // 4
    for i, ((label, value), note) in enumerate(zip(tiles, notes, strict=True)):
        left = _SIDE + i * (wide + Inches(0.2))
        _text(slide, (left, Inches(2.3), wide, Inches(0.35)), label, 12, m)
        _text(slide, (left, Inches(2.6), wide, Inches(0.55)), value, 22, m, role="ink")
        _text(slide, (left, Inches(3.15), wide, Inches(0.35)), note, 11, m, role="faint")
    told = [
        (t("If you do nothing"), m.teller.do_nothing()),
        (t("How sure is this?"), m.teller.how_sure()),
        (t("How far outside experience?"), m.teller.outside()),
        (t("What would change our mind?"), m.teller.change_mind()),
    ]
    wide = (_WIDTH - 2 * _SIDE - Inches(0.4)) // 2
    for side in (0, 1):
        place = (_SIDE + side * (wide + Inches(0.4)), Inches(3.7), wide, Inches(3.2))
        _notes(slide, place, told[2 * side : 2 * side + 2], m)


def _notes(slide: Any, place: tuple[Emu, Emu, Emu, Emu], told: Sequence[tuple[str, str]], m: Telling) -> None:
    """Short paragraphs with headings in one box, so that a long one moves the next instead of running into it."""
    frame = slide.shapes.add_textbox(*place).text_frame
    frame.word_wrap = True
    size = 13 if sum(len(text) for _, text in told) < _LONG else 11
    for i, (line, role) in enumerate((line, role) for note in told for line, role in zip(note, _ROLES, strict=True)):
        paragraph = frame.paragraphs[0] if i == 0 else frame.add_paragraph()
        paragraph.alignment, paragraph.space_before = PP_ALIGN.LEFT, Pt(10 if i and role == _ROLES[0] else 2)
        run = paragraph.add_run()
        run.text = calm(line)
        run.font.size, run.font.color.rgb = Pt(size + 1 if role == _ROLES[0] else size), _colour(m.look[role])


def _budget_note(d: Decision, fmt: Formatter) -> str:
    if d.changes_total:
        return fmt.t("{change} against today", change=fmt.money(d.spend_change, sign=True))
    return f"{fmt.t('Money that moves')}: {fmt.money(d.shifted)}"


def _plan(made: Any, m: Telling) -> None:
    t, table = m.fmt.t, m.plan.allocation
    shown = _largest(table, table[["reference", "spend"]].max(axis=1))
    rows = [
        Series(t("Today"), shown["reference"].to_list(), m.look["today"]),
        Series(t("Plan"), shown["spend"].to_list(), m.look["accent"]),
    ]
    answer = m.teller.split_of_gain() or m.teller.headline().lead
    slide = _slide(made, t("What should we do, channel by channel?"), answer, m)
    _bars(slide, m, _names(shown, m), rows, t("Spend over {horizon}", horizon=m.decision.horizon), money=True)


def _returns(made: Any, m: Telling) -> None:
    x, fmt, t = m.meaning, m.fmt, m.fmt.t
    shown = _largest(x.channels, x.channels["spend"])
    rows = []
    for title, name, role in (
        (t("Average {amount}", amount=fmt.next_amount), "roas", "accent"),
        (t("Next {amount}", amount=fmt.next_amount), "marginal_roas", "today"),
    ):
        mean, low, high = (shown[f"{name}{end}"].to_list() for end in ("", "_lower", "_upper"))
        rows.append(Series(title, mean, m.look[role], low, high))
    question = t("What does each channel return, on average and for the next {amount}?", amount=fmt.next_amount)
    slide = _slide(made, question, answers.returns(x.channels, x.overall_return, fmt), m)
    _bars(slide, m, _names(shown, m), rows, t("Return per {amount}", amount=fmt.next_amount), money=False)


def _drivers(made: Any, m: Telling) -> None:
    x, fmt, t = m.meaning, m.fmt, m.fmt.t
    media = x.parts[x.parts["kind"] == "media"]
    shown = _largest(media, media["mean"])
    ends = (shown[name].to_list() for name in ("lower", "upper"))
    rows = [Series(t("Won by it"), shown["mean"].to_list(), m.look["accent"], *ends)]
    question = (
        t("What drove {outcome}?", outcome=m.basis.outcome)
        if fmt.money_outcome
        else t("What drove the {outcome}?", outcome=m.basis.outcome)
    )
    answer = answers.drivers(x.parts, x.media, float(x.parts["mean"].sum()), m.basis.outcome, fmt)
    slide = _slide(made, question, answer, m)
    _bars(slide, m, _names(shown, m), rows, t("Won by it"), money=fmt.money_outcome)


def _budgets(made: Any, m: Telling) -> None:
    t, curve = m.fmt.t, m.plan.curve
    slide = _slide(
        made,
        t("What if we spent more, less, or otherwise?"),
        answers.budgets(curve, m.decision.spend_planned, m.gain_fmt),
        m,
    )
    data = XyChartData()
    names = {"outcome": t("Won by media"), "outcome_lower": t("lower end"), "outcome_upper": t("upper end")}
    for column, name in names.items():
        series = data.add_series(name)
        for x, y in zip(curve["budget"], curve[column], strict=True):
            series.add_data_point(float(x), float(y))
    frame = slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER_SMOOTH_NO_MARKERS, *_place(), data)
    _lines(frame.chart, [m.look["accent"], m.look["faint"], m.look["faint"]])
    _dress(frame, m, t("Won by media"))
    _scale(frame.chart.value_axis, curve[list(names)].to_numpy(), m.gain_fmt, money=m.gain_fmt.money_outcome)
    _scale(frame.chart.category_axis, curve["budget"].to_numpy(), m.fmt, money=True, bars=False)


def _belief(made: Any, m: Telling) -> None:
    t = m.fmt.t
    hidden, inside, error, frame = 0, 0, float("nan"), m.meaning.fitted
    if m.holdout is not None:
        frame = m.holdout.total
        hidden, error = len(frame), m.holdout.error
        inside = int(((frame["actual"] >= frame["lower"]) & (frame["actual"] <= frame["upper"])).sum())
    answer = answers.belief(m.gate.passed, len(m.gate.warnings), error, inside, hidden, m.fmt)
    slide = _slide(made, t("Can we believe it?"), answer, m)
    data = _Categories()
    data.categories = [m.fmt.date(day.date()) for day in pd.DatetimeIndex(frame["date"])]
    names = {"actual": t("actual"), "mean": t("model"), "lower": t("lower end"), "upper": t("upper end")}
    for column, name in names.items():
        data.add_series(name, [None if not np.isfinite(v) else float(v) for v in frame[column]])
    made_frame = slide.shapes.add_chart(XL_CHART_TYPE.LINE, *_place(), data)
    _lines(made_frame.chart, [m.look["ink"], m.look["accent"], m.look["faint"], m.look["faint"]])
    _dress(made_frame, m, t("Outcome"))
    values = frame[list(names)].to_numpy()
    _scale(made_frame.chart.value_axis, values, m.fmt, money=m.fmt.money_outcome, bars=False)


# Charts


def _place() -> tuple[Emu, Emu, Emu, Emu]:
    return _SIDE, _TOP, _WIDTH - 2 * _SIDE, Inches(4.95)


def _largest(table: pd.DataFrame, by: "pd.Series[float]") -> pd.DataFrame:
    """As many channels as a chart holds, the largest, in their own order."""
    chosen = set(by.sort_values(ascending=False, kind="stable").index[:_MOST_CHANNELS])
    return table[[name in chosen for name in table.index]]


def _names(table: pd.DataFrame, m: Telling) -> list[str]:
    return [calm(m.fmt.label(str(name))) for name in table.index]


def _bars(slide: Any, m: Telling, names: Sequence[str], rows: Sequence[Series], title: str, *, money: bool) -> None:
    data = _Categories(number_format=_format(m.fmt, money=money))
    data.categories = list(names)
    for row in rows:
        data.add_series(row.name, [float(v) for v in row.values])
    frame = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *_place(), data)
    plot = frame.chart.plots[0]
    plot.gap_width, plot.overlap = 60, -10
    for row, series in zip(rows, plot.series, strict=True):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = _colour(row.colour)
        series.invert_if_negative = False
        if row.lower is not None and row.upper is not None:
            series._element.insert_element_before(_error_bars(row), "c:cat", "c:val")
    frame.chart.category_axis.reverse_order = True
    _dress(frame, m, title)
    ends = [v for row in rows for v in (*row.values, *(row.lower or ()), *(row.upper or ()))]
    _scale(frame.chart.value_axis, np.asarray(ends, dtype=float), m.fmt, money=money)
    if len(rows) == 1:
        frame.chart.has_legend = False


_C = "http://schemas.openxmlformats.org/drawingml/2006/chart"


def _error_bars(row: Series) -> Any:
    """Ends of intervals as custom error bars, for which python-pptx has no words."""
    bars = etree.Element(f"{{{_C}}}errBars", nsmap={"c": _C})
    for name, value in (("errBarType", "both"), ("errValType", "cust"), ("noEndCap", "0")):
        etree.SubElement(bars, f"{{{_C}}}{name}", val=value)
    sides = (
        ("plus", [high - mid for high, mid in zip(row.upper or (), row.values, strict=True)]),
        ("minus", [mid - low for low, mid in zip(row.lower or (), row.values, strict=True)]),
    )
    for name, lengths in sides:
        numbers = etree.SubElement(etree.SubElement(bars, f"{{{_C}}}{name}"), f"{{{_C}}}numLit")
        etree.SubElement(numbers, f"{{{_C}}}ptCount", val=str(len(lengths)))
        for i, length in enumerate(lengths):
            if np.isfinite(length):
                etree.SubElement(
                    etree.SubElement(numbers, f"{{{_C}}}pt", idx=str(i)), f"{{{_C}}}v"
                ).text = f"{length!r}"
    return bars


def _lines(chart: Any, colours: Sequence[str]) -> None:
    """The first line is what the slide is about: it is the strongest."""
    for i, (series, colour) in enumerate(zip(chart.plots[0].series, colours, strict=True)):
        series.smooth = False
        series.format.line.color.rgb = _colour(colour)
        series.format.line.width = Pt(1.25 if i else 2.25)


def _dress(frame: Any, m: Telling, title: str) -> None:
    """Legend, sizes, colours, and words for those who do not see the chart."""
    chart = frame.chart
    chart.font.size = Pt(12)
    chart.font.color.rgb = _colour(m.look["soft"])
    chart.has_title = False
    chart.has_legend = True
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
    axis = chart.value_axis
    axis.has_title = True
    axis.axis_title.text_frame.text = calm(title)
    axis.axis_title.text_frame.paragraphs[0].runs[0].font.size = Pt(12)
    axis.major_gridlines.format.line.color.rgb = _colour(m.look["rule"])
    axis.format.line.fill.background()
    frame._element.nvGraphicFramePr.cNvPr.set("descr", calm(title))


def _scale(axis: Any, values: "np.ndarray[Any, Any]", fmt: Formatter, *, money: bool, bars: bool = True) -> None:
    """Ends and steps of an axis: room for whole intervals, from zero for bars; amounts in thousands or millions."""
    known = np.asarray(values, dtype=float)[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if bars or low < 0.5 * high:
        low = min(low, 0.0)
    high = high if high > low else low + 1.0
    places = ticks(low, high, 6)
    step = places[1] - places[0] if len(places) > 1 else high - low
    axis.minimum_scale, axis.maximum_scale = math.floor(low / step) * step, math.ceil(high / step) * step
    axis.major_unit = step
    axis.tick_labels.number_format_is_linked = False
    axis.tick_labels.number_format = _format(fmt, money=money, largest=max(abs(low), abs(high)))


_UNITS = ((1e9, ",,,"), (1e6, ",,"), (1e5, ","))
"""Units of amounts, and what a spreadsheet's format says for them."""


def _format(fmt: Formatter, *, money: bool, largest: float = 0.0) -> str:
    """How a spreadsheet writes amounts: as the report does in short, in units of the ``largest``; returns as 1.25."""
    if not money:
        return "General" if not fmt.value_returns else "0.0#"
    around = {unit: _around(fmt, unit) for unit, _ in _UNITS}
    for unit, commas in _UNITS:
        # Spanish has no short word for a thousand millions.
        if largest >= unit and not (unit == _UNITS[0][0] and around[unit] == around[_UNITS[1][0]]):
            before, after = around[unit]
            return f"{before}#,##0.0#{commas}{after}"
    return f"#,##0{_quoted(f' {fmt.currency}')}"


def _around(fmt: Formatter, unit: float) -> tuple[str, str]:
    """What stands before and behind the number of a short amount of this size, as a spreadsheet's format has it."""
    found = _AMOUNT.fullmatch(fmt.money(2 * unit, short=True))
    before, after = found.groups() if found is not None else ("", "")
    return _quoted(before), _quoted(after)


def _quoted(text: str) -> str:
    plain = re.sub(r'["\\]', "", text)
    return f'"{plain}"' if plain else ""
