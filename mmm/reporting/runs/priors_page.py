"""The page of what is believed before the data: one offline page in the report's design."""

from dataclasses import replace
from datetime import UTC, datetime

from mmm.analysis.prior import PriorPredictive
from mmm.reporting.content.from_fit import notation
from mmm.reporting.design.look import make_look
from mmm.reporting.figures import priors as figures
from mmm.reporting.figures.sheet import Pen
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.labels import readable
from mmm.reporting.pages.parts import Cell, Chapter, Column, Table, Tile, table_of
from mmm.reporting.pages.render import Cover, web_page
from mmm.reporting.runs.control_room import chapter
from mmm.reporting.sentences.priors import absurd_words, ends_words, lead_words, unit_words
from mmm.settings import Settings

PAGE = "priors.html"


def priors_page(found: PriorPredictive, settings: Settings) -> str:
    """The page as HTML: what is believed in all, of the channels, of the rest, and what of it is absurd."""
    names = [*found.fit.dataset.channels, *found.fit.dataset.controls]
    labels = readable(dict.fromkeys(names), settings.report.labels)
    fmt = replace(notation(settings, found.fit.dataset), labels=labels)
    look = make_look(settings.report, list(found.fit.dataset.channels))
    pen = Pen(look, fmt)
    cover = Cover(
        title=settings.title or settings.name,
        subtitle="What is believed before the data",
        date=fmt.date(datetime.now(UTC).date()),
        look=look,
        organisation=settings.report.organisation or "",
        author=settings.report.author or "",
        colophon=(
            "Draws of the priors alone: outcomes were used for the scale, and for the dots. Experiments play no part. "
            f"Intervals hold 90% of what is believed. Data {found.fit.dataset.fingerprint[:12]}."
        ),
    )
    return web_page([_now(found, fmt), _channels(found, pen), _rest(found, pen)], cover)


def _now(found: PriorPredictive, fmt: Formatter) -> Chapter:
    points = []
    for one in found.absurd:
        said, advice = absurd_words(one, fmt)
        points.append({"title": one.kind[:1].upper() + one.kind[1:], "text": f"{said} {advice}", "tone": "warn"})
    badge = "Look" if found.absurd else "Plausible"
    tiles = [
        Tile("Channels", fmt.number(len(found.fit.dataset.channels)), "with a prior each"),
        Tile("Models", fmt.number(len(found.fit.members)), "each alike before the data"),
        Tile("Media above the whole outcome", fmt.probability(float((found.media_share > 1).mean())), "of the draws"),
        Tile(
            "Negative without media",
            fmt.probability(float(found.analysis.negative_baseline.mean())),
            f"of {fmt.period}s and draws",
        ),
    ]
    tone = "warn" if found.absurd else "good"
    lead = lead_words(found, fmt)
    return chapter(
        "now", "Are the beliefs plausible?", "", badge=badge, tone=tone, lead=lead, tiles=tiles, points=points
    )


def _channels(found: PriorPredictive, pen: Pen) -> Chapter:
    drawn = (figures.effects(found, pen), figures.curves(found, pen))
    places = [
        ("prior-effects", "Each channel before the data: 90% of what is believed, on a scale by factors."),
        ("prior-curves", "Effect of steady spend a period; right of the dotted line nothing was ever spent."),
    ]
    answer = "Returns, carryover and saturation of every channel, in its own units."
    tables = [_table(found, pen, "channel", "Channels: 90% of what is believed lies between.")]
    return chapter("channels", "What is believed of the channels?", answer, drawn, figures=places, tables=tables)


def _rest(found: PriorPredictive, pen: Pen) -> Chapter:
    drawn = (figures.outcomes(found, pen),)
    places = [("prior-outcomes", "Outcomes as they are believed, and as they were.")]
    tables = [_table(found, pen, "baseline", "Everything else: 90% of what is believed lies between.")]
    answer = "The baseline, what moves it, and the noise, beside the outcomes that there were."
    return chapter("rest", "What is believed of everything else?", answer, drawn, figures=places, tables=tables)


def _table(found: PriorPredictive, pen: Pen, what: str, caption: str) -> Table:
    rows, fmt = [], pen.fmt
    for row in found.parameters[found.parameters["what"] == what].to_dict("records"):
        unit, name = str(row["unit"]), str(row["name"])
        value = Estimate(float(row["median"]), float(row["lower"]), float(row["upper"]))
        lower, upper = ends_words(unit, value.lower, value.upper, fmt)
        swatch = pen.look.channel_variable(name)
        said = unit_words(unit, name, found, fmt)
        rows.append(
            (
                Cell(fmt.label(name), str(row["meaning"]), swatch=swatch),
                Cell(lower),
                Cell(ends_words(unit, value.mean, value.mean, fmt)[0], strong=True),
                Cell(upper),
                Cell(said),
            )
        )
    numbers = [Column(label) for label in ("5% lie below", "Middle", "5% lie above")]
    heads = (Column("", number=False), *numbers, Column("Unit", number=False))
    return table_of(caption, heads, rows)
