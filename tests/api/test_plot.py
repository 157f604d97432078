"""Figures on axes: painted by the report's code, on a new figure or in the place of axes that are given."""

from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import synthetic
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import mmm
from mmm.errors import DataError, SettingsError

OF_FIT = ("curves", "decomposition", "fit", "over_time", "prior_posterior", "returns")
OF_PLAN = ("budgets", "gain", "plan")
OF_DATA = ("outcome", "spend")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each figure shows, by the figure's name."""
    made = synthetic.make_settings(synthetic.Case(geos=1), tmp_path_factory.mktemp("case"))
    fit = mmm.fit(mmm.load_dataset(made), made)
    plan = mmm.plan(fit, curve_points=3)
    return dict.fromkeys(OF_FIT, fit) | dict.fromkeys(OF_PLAN, plan) | dict.fromkeys(OF_DATA, fit.dataset)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


def listed(found: Axes | list[Axes]) -> list[Axes]:
    return found if isinstance(found, list) else [found]


def test_every_figure_is_tried() -> None:
    assert sorted((*OF_FIT, *OF_PLAN, *OF_DATA)) == sorted(mmm.plot.__all__)


@pytest.mark.parametrize("name", mmm.plot.__all__)
def test_it_is_painted_on_a_figure_of_its_own_and_on_given_axes(name: str, shown: dict[str, Any]) -> None:
    draw: Callable[..., Any] = getattr(mmm.plot, name)
    own = listed(draw(shown[name]))
    assert own[0].has_data()
    texts = [text.get_text() for text in own[0].figure.texts]
    figure, (left, right) = plt.subplots(1, 2, figsize=(24, 6))
    place = left.get_position()
    used = listed(draw(shown[name], ax=left))
    assert used[0] is left
    assert len(used) == len(own)
    assert not right.has_data()
    for ax in used:
        box = ax.get_position()
        assert place.x0 - 1e-6 <= box.x0 <= box.x1 <= place.x1 + 1e-6
        assert place.y0 - 1e-6 <= box.y0 <= box.y1 <= place.y1 + 1e-6
    assert [text.get_text() for text in figure.texts] == texts
    assert all(place.x0 - 1e-6 <= text.get_position()[0] <= place.x1 + 1e-6 for text in figure.texts)
    figure.canvas.draw()


def test_figures_say_what_the_tables_say(shown: dict[str, Any]) -> None:
    fit, plan = shown["fit"], shown["plan"]
    ax = mmm.plot.fit(fit)
    dots = next(line for line in ax.lines if line.get_marker() == "o")
    assert np.allclose(dots.get_ydata(), fit.analysis.fitted["actual"])
    bars = mmm.plot.decomposition(fit).patches
    assert max(bar.get_width() for bar in bars) == pytest.approx(
        fit.analysis.totals.query("kind not in ('sum', 'part')")["mean"].sum()
    )
    ends = {round(float(x)) for line in mmm.plot.plan(plan).lines for x in np.atleast_1d(line.get_xdata())}
    assert {round(value) for value in plan.allocation["spend"]} <= ends


def test_a_small_place_takes_the_narrow_form(shown: dict[str, Any]) -> None:
    figure, ax = plt.subplots(figsize=(5, 8))
    mmm.plot.returns(shown["returns"], ax=ax)
    assert any(" (" in text.get_text() for text in figure.texts)


def test_what_cannot_be_drawn_on_is_told(shown: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="ax is a Figure"):
        mmm.plot.fit(shown["fit"], ax=plt.figure())
    with pytest.raises(DataError, match="no geo"):
        mmm.plot.outcome(shown["outcome"], geos=["atlantis"])
