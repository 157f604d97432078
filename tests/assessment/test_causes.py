"""Which effects a model finds by a stated graph, on the textbook's graphs."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from mmm.assessment.causes import Identified, Stages, graph_check, identified, require_known
from mmm.assessment.graph import Graph, read_graph
from mmm.assessment.settings import GateSettings
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.errors import SettingsError
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import data_settings, library_world, simulate


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Channels tv, search and social, controls price and visits, outcome revenue."""
    world = library_world("well_specified", replicate=0)
    made = simulate(replace(world, weeks=60, channels=world.channels[:3], controls=()))
    frame = made.frame.assign(price=1.0 + made.frame.index % 3, visits=2.0 + made.frame.index % 5)
    settings = data_settings(made) | {"controls": {"price": {"column": "price"}, "visits": {"column": "visits"}}}
    return from_frame(frame, DataSettings.model_validate(settings))


def found(
    dataset: Dataset, text: str, model: ModelSettings | None = None, stages: Stages = MappingProxyType({})
) -> dict[str, Identified]:
    spec = make_spec(dataset, model or ModelSettings(mixture=None))
    return {one.channel: one for one in identified(read_graph(text), dataset, spec, stages)}


def test_a_graph_is_read_from_arrows_lists_brackets_and_remarks() -> None:
    graph = read_graph("season -> tv, search -> sales  # all year\nprice <- season; (demand) -> search\ntv <-> sales")
    common = "a cause of tv and sales"
    wanted = {("season", "tv"), ("season", "search"), ("tv", "sales"), ("search", "sales"), ("season", "price")}
    assert set(graph.edges) == wanted | {("demand", "search"), (common, "tv"), (common, "sales")}
    assert graph.unseen == {"demand", common}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tv", "line 1 \\('tv'\\) of the graph has no arrow"),
        ("tv -> sales\nsearch -> ", "line 2 .* has no name"),
        ("(demand -> tv", "half a bracket"),
        ("tv -> tv", "to itself"),
        ("tv -> search -> sales -> tv", "circle: "),
        ("# nothing", "no arrow"),
    ],
)
def test_what_is_no_graph_is_told_with_its_line(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        GateSettings(graph=text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("serch -> revenue", "Did you mean 'search'"),
        ("demand -> tv -> revenue", "in brackets what was not recorded"),
        ("(price) -> tv -> revenue", "in brackets what was recorded: price"),
        ("season -> tv", "no arrow to the outcome"),
    ],
)
def test_names_are_those_of_the_data(dataset: Dataset, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        require_known(read_graph(text), dataset)


def test_a_driver_that_is_in_the_model_is_no_harm_and_one_that_is_not_is_named(dataset: Dataset) -> None:
    held = found(dataset, "season, price -> tv, outcome; tv, search -> outcome")
    assert {one.found for one in held.values()} == {"total"}
    text = "(demand) -> search, revenue; search, tv -> revenue"
    search = found(dataset, text)["search"]
    assert (search.found, search.missing) == ("biased", ("demand",))
    assert search.open == ("search <- demand -> revenue",)
    assert found(dataset, text)["tv"].found == "total"
    # A proxy on the way closes it.
    assert (
        found(dataset, "(demand) -> price -> search; (demand) -> revenue; search -> revenue")["search"].found == "total"
    )
    flat = ModelSettings.model_validate({"mixture": None, "baseline": {"seasonality_order": 0}})
    assert found(dataset, "season -> tv, revenue; tv -> revenue", flat)["tv"].missing == ("season",)


def test_what_goes_through_another_channel_is_not_in_a_return(dataset: Dataset) -> None:
    tv = found(dataset, "tv -> search -> revenue; tv -> revenue")["tv"]
    assert (tv.found, tv.through) == ("direct", ("search",))
    # What goes through something that is not in the model is.
    assert found(dataset, "tv -> (awareness) -> revenue")["tv"].found == "total"


def test_what_goes_through_a_mediator_with_an_equation_of_its_own_is_counted(dataset: Dataset) -> None:
    text = "tv, social -> search -> revenue; tv -> revenue; (demand) -> search"
    both = found(dataset, text, stages={"search": ("tv",)})
    assert (both["tv"].found, both["social"].found) == ("total", "direct")
    # What moves the mediator and the outcome is in what a unit of the mediator seems to bring.
    shared = found(dataset, f"{text}, revenue", stages={"search": ("tv",)})
    assert shared["tv"].open == ("tv -> search <- demand -> revenue",)


def test_a_collider_that_is_held_fixed_opens_a_way(dataset: Dataset) -> None:
    """Search follows television and demand: given search, television says something of demand."""
    tv = found(dataset, "tv -> search -> revenue; tv -> revenue; (demand) -> search, revenue")["tv"]
    assert tv.found == "biased"
    assert tv.open == ("tv -> search <- demand -> revenue",)
    # M-bias: a control with two causes that have nothing else in common.
    text = "tv -> revenue; (a) -> tv, price; (b) -> price, revenue"
    assert found(dataset, text)["tv"].open == ("tv <- a -> price <- b -> revenue",)


def test_what_follows_from_the_effect_must_not_be_held_fixed(dataset: Dataset) -> None:
    one = found(dataset, "tv -> revenue -> visits")["tv"]
    assert (one.found, one.after) == ("biased", ("visits",))
    between = found(dataset, "tv -> visits -> revenue; social -> revenue")
    assert (between["tv"].found, between["social"].found) == ("direct", "total")


def test_a_channel_without_a_way_to_the_outcome(dataset: Dataset) -> None:
    assert found(dataset, "price -> tv; search -> revenue")["tv"].found == "none"


def test_long_ways_are_counted_though_not_written(dataset: Dataset) -> None:
    chain = "(a) -> (b) -> (c) -> (d) -> (e) -> (f) -> tv"
    one = found(dataset, f"{chain}; (a) -> revenue; tv -> revenue")["tv"]
    assert (one.found, one.open) == ("biased", ("ways of more than 6 arrows",))


def test_the_check_names_channels_ways_and_the_next_step(dataset: Dataset) -> None:
    spec = make_spec(dataset, ModelSettings(mixture=None))
    check = graph_check("(demand) -> search, revenue; tv -> search -> revenue", dataset, spec, {})
    assert (check.status, check.value, check.channels) == ("warn", 2.0, ("tv", "search"))
    assert "search <- demand -> revenue" in check.summary
    assert "The graph says nothing of social." in check.summary
    assert "stands for demand" in check.advice
    assert "make it a mediator" in check.advice
    clean = graph_check("tv, search, social -> revenue", dataset, spec, {})
    assert (clean.status, clean.said) == ("pass", clean.title)
    assert isinstance(read_graph("tv -> revenue"), Graph)
