"""The page of models side by side: one offline page in the report's design, and what it says in words."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from mmm.assessment.comparison import BY_CHANCE, Comparison
from mmm.data.dataset import Dataset
from mmm.reporting.content.from_fit import notation
from mmm.reporting.design.look import make_look
from mmm.reporting.figures.models import returns_by_model
from mmm.reporting.figures.sheet import Pen
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.labels import readable
from mmm.reporting.pages.parts import Cell, Chapter, Column, Table, columns, table_of
from mmm.reporting.pages.render import Cover, web_page
from mmm.reporting.runs.control_room import chapter
from mmm.settings import Settings

PAGE = "models.html"
_NEIGHBOURS = (
    "A period left out is told by its neighbours: a drift that bends stands in there for a season that is missing, and "
    "forecasts ahead find it out."
)
_PREDICTING = (
    "A model that predicts better is not thereby right about what media bring: a driver that moves with spend helps "
    "any model to predict. What tells returns apart is an experiment, or causes that are known (gate.graph)."
)


def models_page(found: Comparison, settings: Settings, dataset: Dataset) -> str:
    """The page as HTML: which model predicts best, and what each says of the channels."""
    fmt = replace(notation(settings, dataset), labels=readable(dataset.channels, settings.report.labels))
    look = make_look(settings.report, list(dict.fromkeys(found.returns["channel"])))
    cover = Cover(
        title=settings.title or settings.name,
        subtitle="Models side by side",
        date=fmt.date(datetime.now(UTC).date()),
        look=look,
        organisation=settings.report.organisation or "",
        author=settings.report.author or "",
        colophon=(
            f"Leave-one-out densities of {found.periods} {fmt.period}s by Pareto-smoothed importance sampling; errors "
            f"are standard errors, ranges hold 90%. Data {dataset.fingerprint[:12]}."
        ),
    )
    return web_page([_prediction(found, fmt), _returns(found, Pen(look, fmt))], cover)


def verdict_words(found: Comparison) -> list[str]:
    """Sentences: which model predicts best, which cannot be told from it, and where the two scores differ."""
    if not found.believable:
        unsure = f"For {found.left_out} of {found.periods} periods it cannot be told from the draws how well a model "
        return [f"{unsure}predicts them, so that no model is called better."]
    said = [f"“{found.best}” predicts best; chance does not explain that the others predict worse."]
    if found.undecided:
        names = " and ".join(f"“{name}”" for name in found.undecided)
        said = [f"“{found.best}” predicts best, and the data do not tell {names} from it."]
    if found.worse_ahead:
        names = " and ".join(f"“{name}”" for name in found.worse_ahead)
        said.append(f"Leaving periods out does not rule out {names}; forecasts ahead do.")
    return said


def returns_words(found: Comparison, fmt: Formatter) -> str:
    """Whether models that are possible say different returns."""
    apart = found.apart()
    if len(found.undecided) == 0:
        return "One model alone is left; where others say otherwise, the data speak against them."
    if not apart:
        return "Models that the data cannot tell apart say returns that overlap on every channel."
    names = fmt.join([fmt.label(name) for name in apart])
    return (
        f"Models that the data cannot tell apart say returns of {names} that do not even overlap: a decision on "
        "them rests on the choice of the model. A mixture of them counts both (model.mixture), a test settles it."
    )


def _prediction(found: Comparison, fmt: Formatter) -> Chapter:
    badge = "Decided" if found.believable and not found.undecided else "Undecided"
    lead, *more = verdict_words(found)
    points = [{"title": "Two ways of asking", "text": " ".join((*more, _NEIGHBOURS)), "tone": ""}] if more else []
    points.append({"title": "What this does not say", "text": _PREDICTING, "tone": ""})
    return chapter(
        "prediction",
        "Which model predicts best?",
        "",
        badge=badge,
        tone="good" if badge == "Decided" else "warn",
        lead=lead,
        points=points,
        tables=_tables(found, fmt),
    )


def _tables(found: Comparison, fmt: Formatter) -> list[Table]:
    """Both scores of prediction; the second one where refreshes were made."""
    rows = []
    for line in found.table.reset_index().to_dict("records"):
        behind = "" if line["behind"] == 0 else f"{line['behind']:.1f}"
        density = f"{line['elpd']:.1f}".replace("-", "\N{MINUS SIGN}")
        rows.append(
            (
                Cell(str(line["model"]), "" if line["near"] else "ruled out"),
                Cell(density, f"± {line['elpd_error']:.1f}"),
                Cell(behind or "best", f"± {line['behind_error']:.1f}" if behind else ""),
                Cell(fmt.percent(float(line["weight"]), 0)),
                Cell(fmt.number(int(line["unsure"]))),
                Cell(f"{line['r_hat']:.3f}", f"{line['ess']:,.0f} draws"),
            )
        )
    heads = columns("Model", "Log density", "Behind the best", "Stacking weight", "Pareto shape above 0.7", "R-hat")
    told = [table_of("Periods left out, one at a time; small print: standard errors.", heads, rows)]
    if found.table["crps"].notna().all():
        told.append(_ahead(found, fmt))
    return told


def _ahead(found: Comparison, fmt: Formatter) -> Table:
    rows = []
    for line in found.table.sort_values("crps", kind="stable").reset_index().to_dict("records"):
        error = float(line["worse_error"])
        rows.append(
            (
                Cell(str(line["model"]), "ruled out" if line["chance"] < BY_CHANCE else ""),
                Cell(fmt.outcome(float(line["crps"]), short=True)),
                Cell(
                    "best" if line["worse"] == 0 else fmt.outcome(float(line["worse"]), short=True),
                    "" if line["worse"] == 0 or not np.isfinite(error) else f"± {fmt.outcome(error, short=True)}",
                ),
                Cell(fmt.percent(float(line["coverage"]), 0)),
                Cell(fmt.percent(float(line["skill"]), 0, sign=True)),
            )
        )
    heads = columns("Model", "CRPS ahead", "Worse than the best", "Inside their 90%", "Better than last year")
    return table_of("Forecasts of earlier refreshes; small print: standard errors over refreshes.", heads, rows)


def _returns(found: Comparison, pen: Pen) -> Chapter:
    drawn = (returns_by_model(found, pen),)
    caption = "Return of every channel under every model: mean and 90% interval."
    return chapter(
        "returns",
        "What does each model say of the channels?",
        returns_words(found, pen.fmt),
        drawn,
        figures=[("models-returns", caption)],
        tables=[_table(found, pen.fmt)],
    )


def _table(found: Comparison, fmt: Formatter) -> Table:
    models = [str(name) for name in found.table.index]
    heads = (Column("Channel", number=False), *(Column(name) for name in models))
    rows = []
    for channel, part in found.returns.groupby("channel", sort=False):
        by_model = {str(line["model"]): line for line in part.to_dict("records")}
        row = [Cell(fmt.label(str(channel)))]
        for name in models:
            if name not in by_model:
                row.append(Cell("left out"))
                continue
            line = by_model[name]
            value = Estimate(float(line["roas"]), float(line["roas_lower"]), float(line["roas_upper"]))
            row.append(Cell(fmt.ratio(value), fmt.ratio_range(value)))
        rows.append(tuple(row))
    return table_of("Return by channel and model; small print: 90% intervals.", heads, rows, folded=True)
