"""Drawing aids checked by hand, and properties of finished figures."""

import math
import re
from collections.abc import Callable
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmm.reporting.design.colour import CHANNEL_COLOURS, _to_oklch, channel_colour, contrast, dark_twin
from mmm.reporting.design.look import make_look
from mmm.reporting.figures.drivers import waterfall, weekly
from mmm.reporting.figures.plan import BudgetPoint, budget_curve, from_to, gain_distribution
from mmm.reporting.figures.returns import response_curves, returns
from mmm.reporting.figures.sheet import NARROW, WIDE, Drawn, Pen, clean_svg, fitted, spread, text_width, ticks
from mmm.reporting.notation.formatter import Formatter
from mmm.settings.report import ReportSettings

DARK = "#10161d"


def pen(names: list[str], **options: bool) -> Pen:
    return Pen(make_look(ReportSettings(), names), Formatter("EUR", "EUR", money_outcome=True), **options)


def allocation(names: list[str]) -> pd.DataFrame:
    today = np.linspace(1e6, 2e6, len(names))
    after = today[::-1]
    return pd.DataFrame(
        {"reference": today, "spend": after, "change": after - today, "change_share": after / today - 1},
        index=pd.Index(names, name="channel"),
    )


def test_contrast_by_hand() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#ffffff", "#ffffff") == pytest.approx(1.0)


def test_channel_colours_stand_out_on_light_and_dark_pages() -> None:
    for i in range(40):
        colour = channel_colour(i)
        assert contrast(colour, "#ffffff") >= 3.0, (i, colour)
        assert contrast(dark_twin(colour), DARK) >= 3.0, (i, colour)
    assert len({channel_colour(i) for i in range(48)}) == 48


@pytest.mark.parametrize("seen", [lambda c: c, dark_twin], ids=["light", "dark"])
def test_sixteen_channels_have_colours_that_are_told_apart(seen: Callable[[str], str]) -> None:
    """Distance in OKLab; the ninth colour was once a twin of the first, 0.017 away."""
    places = [_oklab(seen(channel_colour(i))) for i in range(16)]
    assert min(math.dist(a, b) for a, b in combinations(places, 2)) > 0.075


def _oklab(colour: str) -> tuple[float, float, float]:
    lightness, chroma, hue = _to_oklch(colour)
    return lightness, chroma * math.cos(hue), chroma * math.sin(hue)


def test_text_colours_can_be_read_on_their_pages() -> None:
    look = make_look(ReportSettings(), ["tv"])
    for colours in (look.light, look.dark):
        for role in ("ink", "soft", "faint", "good", "warn", "bad", "accent"):
            assert contrast(colours[role], colours["paper"]) >= 4.5, (role, colours[role])
            assert contrast(colours[role], colours["wash"]) >= 4.3, (role, colours[role])
        for role in ("good", "warn", "bad"):
            assert contrast(colours[role], colours[f"{role}-wash"]) >= 4.5, role


def test_colours_from_the_settings_win() -> None:
    look = make_look(ReportSettings(accent="#ff0000", channel_colours={"tv": "#00aa00"}), ["tv", "search"])
    assert look.channel("tv") == "#00aa00"
    assert look["accent"] == "#ff0000"
    assert look.channel("search") == CHANNEL_COLOURS[1]


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=12),
    st.floats(1, 15),
)
def test_spread_keeps_order_gap_and_limits(positions: list[float], gap: float) -> None:
    placed = spread(positions, gap, 0, 120)
    real_gap = min(gap, 120 / max(len(positions) - 1, 1))
    order = np.argsort(positions, kind="stable")
    ordered = [placed[i] for i in order]
    assert all(b - a >= real_gap - 1e-9 for a, b in pairwise(ordered))
    assert min(placed) >= -1e-9
    assert max(placed) <= 120 + 1e-9


def test_spread_leaves_what_is_apart() -> None:
    assert spread([10, 50, 90], 10, 0, 100) == [10, 50, 90]


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0, 100, 5) == [0, 20, 40, 60, 80, 100]
    assert all(3 <= t <= 7 for t in ticks(3, 7, 4))


def test_long_names_are_cut_to_the_width() -> None:
    name = "A channel name of more than sixty characters, as long as it is wide"
    short = fitted(name, 120)
    assert short.endswith("…")
    assert text_width(short) <= 120
    assert fitted("TV", 120) == "TV"


def test_a_figure_is_drawn_wide_and_narrow_with_words() -> None:
    figure = from_to(allocation(["tv", "search"]), "13 weeks", pen(["tv", "search"]))
    assert viewbox(figure.wide)[0] == WIDE
    assert viewbox(figure.narrow)[0] == NARROW
    assert "tv from €1.00\u00a0million to €2.00\u00a0million" in figure.alt
    assert "+€1.00m" in figure.wide
    assert "−€1.00m" in figure.wide


def test_what_the_marks_mean_is_said_where_it_stays_clear_of_the_names() -> None:
    reference, spend = [1.88e5, 1.4e6], [0.94e5, 0.7e6]
    change = [b - a for a, b in zip(reference, spend, strict=True)]
    columns = {"reference": reference, "spend": spend, "change": change, "change_share": [-0.5, -0.5]}
    table = pd.DataFrame(columns, index=["Out of home", "tv"])
    wide = from_to(table, "13 weeks", pen(["Out of home", "tv"])).wide
    assert "recommended €700k" in wide
    assert "today €1.40m" in wide
    assert "recommended €94k" not in wide


def test_names_of_usual_length_stand_whole_beside_the_layers() -> None:
    dates = pd.date_range("2023-01-02", periods=60, freq="7D")
    names = ["Without media", "Out of home", "tv"]
    parts = [
        pd.DataFrame({"date": dates, "component": name, "kind": "media" if i else "baseline", "mean": 10.0 - i})
        for i, name in enumerate(names)
    ]
    actual = pd.DataFrame({"date": dates, "actual": 27.0})
    drawn = weekly(pd.concat(parts), actual, pen(names[1:]))
    for svg in both(drawn):
        assert ">Out of home<" in svg


def viewbox(svg: str) -> tuple[float, float]:
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert found is not None
    return float(found.group(1)), float(found.group(2))


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a & b", '"quoted"', "日本語 🎯", "قناة", "$x^2$"])
def test_names_are_text_in_a_figure(name: str) -> None:
    for svg in both(from_to(allocation([name, "tv"]), "13 weeks", pen([name, "tv"]))):
        root = ET.fromstring(svg)  # noqa: S314  # our own drawing
        assert not [node for node in root.iter() if node.tag.rpartition("}")[2] == "script"]
        assert any((node.text or "").startswith(name[:5]) for node in root.iter())


def both(figure: Drawn) -> tuple[str, str]:
    return figure.wide, figure.narrow


def test_ids_of_two_figures_do_not_meet() -> None:
    one = '<svg viewBox="0 0 1 1"><clipPath id="p1"/><g id="unused" clip-path="url(#p1)"/></svg>'
    first, second = clean_svg(one, "a"), clean_svg(one, "b")
    assert "unused" not in first
    assert re.findall(r'id="([^"]+)"', first) == ["a-p1"]
    assert "url(#b-p1)" in second


def test_numbers_in_words_are_not_rounded_by_cleaning() -> None:
    svg = clean_svg('<svg viewBox="0 0 1 1"><text x="1.23456">€2.24m</text></svg>', "a")
    assert 'x="1.2"' in svg
    assert "€2.24m" in svg


def test_the_same_drawing_gives_the_same_bytes() -> None:
    def once() -> str:
        return from_to(allocation(["tv", "search"]), "13 weeks", pen(["tv", "search"])).wide

    assert once() == once()


def test_every_colour_of_a_figure_follows_the_page() -> None:
    chosen = pen(["tv", "search"])
    svg = chosen.look.themed(gain_distribution(np.linspace(-1e6, 3e6, 200), chosen).wide)
    assert re.findall(r"#[0-9a-f]{6}", svg) == []
    assert "var(--accent)" in svg
    assert "var(--bad)" in svg


def test_forty_channels_are_drawn() -> None:
    names = [f"channel {i}" for i in range(40)]
    figure = from_to(allocation(names), "13 weeks", pen(names))
    assert viewbox(figure.narrow)[1] > 40 * 40


def test_waterfall_breaks_the_axis_only_where_the_first_step_dwarfs_the_others() -> None:
    def parts(base: float) -> pd.DataFrame:
        means = [base, 10.0, 20.0]
        return pd.DataFrame(
            {"kind": ["baseline", "media", "media"], "mean": means, "lower": means, "upper": means},
            index=["baseline", "tv", "search"],
        )

    chosen = pen(["tv", "search"])
    small, large = (waterfall(parts(base), base + 30, chosen).wide for base in (20.0, 900.0))
    white = f"stroke: {chosen.look['paper']}"
    assert white not in small
    assert white in large


def test_scales_reach_losses() -> None:
    table = pd.DataFrame(
        {
            "roas": [2.0, -2.8], "roas_lower": [1.0, -3.4], "roas_upper": [3.0, -2.2], "marginal_roas": [1.5, -1.8],
            "marginal_roas_lower": [0.5, -2.4], "marginal_roas_upper": [2.5, -1.0], "today": [20.0, 20.0],
            "observed_max": [80.0, 80.0],
        },
        index=["tv", "radio"],
    )  # fmt: skip
    spend = np.linspace(0.0, 100.0, 11)
    curve = {"spend": spend, "effect": -spend, "effect_lower": -1.2 * spend, "effect_upper": -0.8 * spend}
    drawn = (
        returns(table, pen(["tv", "radio"])),
        response_curves(pd.DataFrame({"channel": "radio", **curve}), table.loc[["radio"]], pen(["radio"])),
    )
    for figure, ticked in zip(drawn, (r"−€2<", r"−€(50|100)<"), strict=True):
        assert re.search(ticked, figure.wide), re.findall(r">([^<]*€[^<]*)<", figure.wide)


def test_a_picture_for_slides_is_made_on_request() -> None:
    table = allocation(["tv", "search"])
    assert from_to(table, "13 weeks", pen(["tv", "search"])).png is None
    png = from_to(table, "13 weeks", pen(["tv", "search"], png=True)).png
    assert png is not None
    assert png.startswith(b"\x89PNG")


def test_figures_of_a_waterfall_stand_apart() -> None:
    parts = pd.DataFrame(
        {
            "kind": ["baseline", "control", "control", "media"],
            "mean": [71.2e6, -31.53e6, -1.234e6, -1.2e6],
            "lower": [60e6, -48.3e6, -1.9e6, -2.95e6],
            "upper": [80e6, -12.3e6, -0.83e6, -0.31e6],
        },
        index=["intercept", "price", "rival", "search"],
    )
    wide = waterfall(parts, float(parts["mean"].sum()), pen(["search"])).wide
    rows: dict[float, list[tuple[float, float]]] = {}
    for style, x, y, text in re.findall(r'<text style="([^"]*)" x="([\d.]+)" y="([\d.]+)">([^<]*)<', wide):
        size = re.search(r"font-size: ([\d.]+)px", style)
        assert size is not None
        width = text_width(text, float(size[1]), 600 if "weight: 600" in style else 400)
        start = float(x) - (width if "text-anchor: end" in style else 0.0)
        rows.setdefault(round(float(y) / 34), []).append((start, start + width))
    assert [len(row) for row in rows.values()] == [4, 4, 4, 4, 3]
    for row in rows.values():
        assert all(after[0] - before[1] > 6 for before, after in pairwise(sorted(row))), row


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize(("planned", "today"), [(1.0e6, 3.0e6), (0.6e6, 9.0e6), (4.0e6, 2.0e6)])
def test_labels_of_the_budget_curve_do_not_cross_it(planned: float, today: float, *, narrow: bool) -> None:
    def won(budget: "float | np.ndarray") -> "float | np.ndarray":
        return 5e6 * (1 - np.exp(-np.asarray(budget) / 1.5e6))

    budget = np.linspace(0.2e6, 10e6, 60)
    curve = pd.DataFrame({"budget": budget, "outcome": won(budget), "outcome_lower": 0.5 * won(budget)})
    curve["outcome_upper"] = 1.6 * won(budget)
    points = [
        BudgetPoint("this plan", planned, float(won(planned)), "accent"),
        BudgetPoint("today", today, float(won(today)), "today"),
    ]
    drawn = budget_curve(curve, points, pen(["tv"]))
    svg = both(drawn)[narrow]
    width, height = viewbox(svg)
    left = 62 if narrow else 76
    low, high = float(curve["outcome_lower"].min()), float(curve["outcome_upper"].max())
    pad = 0.06 * (high - low)
    low, high = max(0.0, low - pad), high + pad
    for name in ("this plan", "today"):
        found = re.search(rf'<text style="([^"]*)" x="([\d.]+)" y="([\d.]+)">({name}: [^<]*)<', svg)
        assert found is not None
        x, y, wide = float(found[2]), float(found[3]), text_width(found[4], 12, 600)
        start = x - wide if "text-anchor: end" in found[1] else x
        along = np.linspace(start, start + wide, 30)
        money = budget[0] + (along - left) / (width - left - 26) * (budget[-1] - budget[0])
        pixels = 34 + (height - 84) * (1 - (won(money) - low) / (high - low))
        assert (y < pixels.min() - 1) if name == "this plan" else (y - 9 > pixels.max()), (name, y, pixels)
