"""What causes what, as somebody states it, and which effects a model with these regressors then finds.

A model of all channels, controls and parts of the baseline at once estimates of each channel what is left of its
effect when all others are held fixed. By the graph that may be the total effect, the part that does not go through
others, or something else: a driver of both that is not in the model is credited to the channel (a back door), and two
causes of something that is held fixed become dependent by that (a collider). The rules are those of Pearl (2009,
sections 3.3 and 4.5) and of Shpitser, VanderWeele and Robins (2010); d-separation is networkx's.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmm.assessment.checks import Check
from mmm.assessment.graph import Graph, read_graph
from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.model.spec import ModelSpec
from mmm.suggest import did_you_mean

if TYPE_CHECKING:
    import networkx as nx

OUTCOME = "outcome"
# What the terms of the baseline are called in a graph, beside their own names.
_TERMS = {
    "season": "seasonality",
    "holidays": "public_holidays",
    "weekdays": "days_of_week",
    "months": "months_of_year",
}
_BASELINE = ("trend", "season", "holidays", "weekdays", "months", "events")
WORDS = {"total": "whole", "direct": "in part", "none": "none stated", "biased": "not found"}
"""What :attr:`Identified.found` says, for tables."""
# Longer paths are not told: the shorter ones say what is missing.
_LONGEST, _MOST_PATHS, _MOST_LOOKED_AT = 6, 2, 20_000


@dataclass(frozen=True)
class Identified:
    """What a graph says of one channel's effect in a model.

    ``found`` is ``total``; ``direct``, where ``through`` are what the rest goes through and the model holds fixed;
    ``none``, where the graph has no way from the channel to the outcome; or ``biased``: ``open`` are ways that are no
    effect of it, ``missing`` what would close them, ``after`` what the model holds fixed although it follows from the
    channel's effect.
    """

    channel: str
    found: str
    through: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def require_known(graph: Graph, dataset: Dataset) -> None:
    """Raise SettingsError for names that are neither in the data, nor parts of the baseline, nor in brackets."""
    known = {*dataset.channels, *dataset.controls, dataset.outcome_name, OUTCOME, *_BASELINE, *_TERMS.values()}
    strange = [name for name in graph.names if name not in known and name not in graph.unseen]
    if strange:
        told = "; ".join(f"'{name}'. {did_you_mean(name, known)}".strip() for name in strange[:5])
        raise SettingsError(
            f"gate.graph names what is neither a channel, a control, {', '.join(_BASELINE)} nor the outcome "
            f"({dataset.outcome_name}): {told} Write in brackets what was not recorded: (demand) -> search."
        )
    both = sorted(graph.unseen & (known - set(_BASELINE) - set(_TERMS.values())))
    if both:
        raise SettingsError(
            f"gate.graph has in brackets what was recorded: {', '.join(both)}. Leave the brackets out, or the column."
        )
    if not {dataset.outcome_name, OUTCOME} & set(graph.names):
        raise SettingsError(f"gate.graph has no arrow to the outcome ('{dataset.outcome_name}' or '{OUTCOME}').")


Stages = Mapping[str, Collection[str]]
"""By mediator with an equation of its own, the channels that reach it: what goes through it is in their effects."""


def identified(graph: Graph, dataset: Dataset, spec: ModelSpec, stages: Stages) -> tuple[Identified, ...]:
    """What the model of ``spec`` finds of each of its channels that the graph names. Raises SettingsError for names."""
    require_known(graph, dataset)
    model = _Model(graph, dataset.outcome_name, _held(dataset, spec), stages)
    return tuple(model.look(name) for name in spec.channel_names if name in graph.names)


def _held(dataset: Dataset, spec: ModelSpec) -> frozenset[str]:
    """What the model holds fixed: channels, controls, and parts of the baseline by all of their names."""
    base = spec.baseline
    terms = {"seasonality"} if base.seasonality_order else set()
    terms |= {"trend"} if base.trend_sd is not None else set()
    if base.calendar is not None:
        seasons = base.calendar.seasons
        has = {
            "public_holidays": base.calendar.holidays,
            "events": base.calendar.events,
            "days_of_week": seasons.weekdays,
            "months_of_year": seasons.months,
        }
        terms |= {name for name, part in has.items() if part is not None}
    terms |= {name for name, term in _TERMS.items() if term in terms}
    return frozenset({*spec.channel_names, *dataset.controls, *terms})


class _Model:
    """A graph, and what a model of the outcome holds fixed of it."""

    def __init__(self, graph: Graph, outcome: str, held: frozenset[str], stages: Stages) -> None:
        import networkx as nx

        self.whole: nx.DiGraph[str] = nx.DiGraph(
            (a, b) for a, b in [(outcome if name == OUTCOME else name for name in edge) for edge in graph.edges]
        )
        self.outcome, self.held, self.stages = outcome, held & set(self.whole), stages

    def look(self, channel: str) -> Identified:
        import networkx as nx

        reaches = channel in self.whole and nx.has_path(self.whole, channel, self.outcome)
        fixed = self.held - {channel}
        free = self.whole.subgraph(set(self.whole) - fixed)
        own = _between(free, channel, self.outcome)
        rest = self.whole.copy()
        rest.remove_edges_from([(channel, b) for b in self.whole.successors(channel) if b in own])
        after = sorted(fixed & set().union(*(nx.descendants(self.whole, name) for name in own)))
        counted = {name for name, reached_by in self.stages.items() if channel in reached_by}
        through = sorted(fixed & _between(self.whole, channel, self.outcome) - set(after) - counted)
        ways, missing = self._open(rest, channel, fixed)
        if ways or after:
            return Identified(channel, "biased", tuple(through), ways, missing, tuple(after))
        if not reaches:
            return Identified(channel, "none")
        return Identified(channel, "direct" if through else "total", tuple(through))

    def _open(self, rest: "nx.DiGraph[str]", channel: str, fixed: set[str] | frozenset[str]) -> Any:
        """The shortest ways between channel and outcome that are open though no effect, and what would close them."""
        import networkx as nx

        if nx.is_d_separator(rest, {channel}, {self.outcome}, set(fixed)):
            return (), ()
        paths = nx.all_simple_paths(rest.to_undirected(as_view=True), channel, self.outcome, cutoff=_LONGEST)
        looked_at = itertools.islice(paths, _MOST_LOOKED_AT)
        found = sorted((p for p in looked_at if _is_open(rest, p, fixed)), key=lambda p: (len(p), p))
        # What could be held fixed on each of them: no collider, and nothing that follows from the channel.
        later = nx.descendants(self.whole, channel)
        closers = [
            name for p in found for i, name in enumerate(p[1:-1], 1) if not _collides(rest, p, i) and name not in later
        ]
        told = tuple(_written(rest, p) for p in found[:_MOST_PATHS]) or (f"ways of more than {_LONGEST} arrows",)
        return told, tuple(dict.fromkeys(closers))


def _between(graph: "nx.DiGraph[str]", first: str, last: str) -> set[str]:
    """Names on directed ways from ``first`` to ``last``, the last included; empty where there is none."""
    import networkx as nx

    if first not in graph or last not in graph:
        return set()
    return (nx.descendants(graph, first) & (nx.ancestors(graph, last) | {last})) - {first}


def _collides(graph: "nx.DiGraph[str]", path: Sequence[str], place: int) -> bool:
    return graph.has_edge(path[place - 1], path[place]) and graph.has_edge(path[place + 1], path[place])


def _is_open(graph: "nx.DiGraph[str]", path: Sequence[str], fixed: set[str] | frozenset[str]) -> bool:
    """Whether a way carries dependence: all colliders on it are held fixed (or what follows from them), no other."""
    import networkx as nx

    for place in range(1, len(path) - 1):
        name = path[place]
        if _collides(graph, path, place):
            if not ({name} | nx.descendants(graph, name)) & fixed:
                return False
        elif name in fixed:
            return False
    return True


def _written(graph: "nx.DiGraph[str]", path: Sequence[str]) -> str:
    steps = itertools.pairwise(path)
    return path[0] + "".join(f" {'->' if graph.has_edge(a, b) else '<-'} {b}" for a, b in steps)


def graph_check(text: str, dataset: Dataset, spec: ModelSpec, stages: Stages) -> Check:
    """Whether the model finds the whole effects of its channels, if what ``text`` states causes what is right.

    The value is the number of channels of which it does not.
    """
    found = identified(read_graph(text), dataset, spec, stages)
    wrong = [one for one in found if one.found != "total"]
    unnamed = [name for name in spec.channel_names if name not in {one.channel for one in found}]
    said = [sentence for one in wrong for sentence in told(one)]
    if not wrong:
        said.append(f"By the stated graph the model finds the whole effect of {len(found)} channels.")
    if unnamed:
        said.append(f"The graph says nothing of {', '.join(unnamed)}.")
    return Check(
        "graph",
        "The model finds what the stated causes ask for",
        "warn" if wrong else "pass",
        float(len(wrong)),
        "the whole effect of every channel",
        " ".join(said),
        " ".join(_advice(wrong)),
        tuple(one.channel for one in wrong),
    )


def told(one: Identified) -> Iterator[str]:
    """What a model finds of a channel other than its whole effect, in sentences."""
    if one.found == "none":
        yield f"{one.channel}: the graph has no way from it to the outcome, and the model gives it an effect."
    if one.open:
        yield f"{one.channel}: credited with what is no effect of it, by {' and '.join(one.open)}."
    if one.after:
        yield f"{one.channel}: its effect is taken away by what follows from it: {', '.join(one.after)}."
    if one.through:
        yield f"{one.channel}: without what goes through {', '.join(one.through)}."


def _advice(wrong: Sequence[Identified]) -> Iterator[str]:
    """The next steps for all channels together."""

    def of_all(name: str) -> str:
        return ", ".join(dict.fromkeys(itertools.chain.from_iterable(getattr(one, name) for one in wrong)))

    if missing := of_all("missing"):
        yield f"Add to the data, or to the baseline, what stands for {missing}; a test settles it without."
    if after := of_all("after"):
        yield f"Leave out {after}: what follows from an effect explains it away."
    if through := of_all("through"):
        yield (
            f"Read these returns as what does not go through {through}; where the whole effect is asked for, make it a "
            "mediator that they reach (model.stages), or leave it out of the model."
        )
