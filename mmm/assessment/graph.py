"""What causes what, as somebody writes it: arrows between names."""

import itertools
import re
from dataclasses import dataclass

_ARROW = re.compile(r"(<->|->|<-)")


@dataclass(frozen=True)
class Graph:
    """Arrows ``edges`` between names, each once, without a circle; ``unseen`` are those that nobody recorded."""

    edges: tuple[tuple[str, str], ...]
    unseen: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order in which they first stand."""
        return tuple(dict.fromkeys(itertools.chain.from_iterable(self.edges)))


def read_graph(text: str) -> Graph:
    """A graph from lines such as ``season -> tv, search -> sales``; ``;`` ends a line too, ``#`` begins a remark.

    ``a <- b`` is ``b -> a``; a name in brackets was not recorded, ``a <-> b`` have a cause in common that was not.
    Raises ValueError that names the line: what is no arrow, a name without one, a circle.
    """
    edges: dict[tuple[str, str], None] = {}
    unseen: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        for part in line.partition("#")[0].split(";"):
            if part.strip():
                _read_chain(part, f"line {number} ('{part.strip()}')", edges, unseen)
    if not edges:
        raise ValueError("the graph has no arrow; write for example 'season -> tv -> sales'")
    found = Graph(tuple(edges), frozenset(unseen))
    circle = _circle(found)
    if circle:
        raise ValueError(
            f"the graph has a circle: {' -> '.join(circle)}. A cause comes before what it does; leave out the arrow "
            "that is weakest, or let a name stand for the past."
        )
    return found


def _read_chain(part: str, where: str, edges: dict[tuple[str, str], None], unseen: set[str]) -> None:
    pieces = _ARROW.split(part)
    if len(pieces) == 1:
        raise ValueError(f"{where} of the graph has no arrow: write '->', '<-' or '<->' between names")
    groups = [_names(piece, where, unseen) for piece in pieces[::2]]
    for left, arrow, right in zip(groups, pieces[1::2], groups[1:], strict=False):
        for a, b in itertools.product(left, right):
            if a == b:
                raise ValueError(f"{where} of the graph has an arrow from '{a}' to itself")
            if arrow == "<->":
                common = f"a cause of {a} and {b}"
                unseen.add(common)
                edges |= {(common, a): None, (common, b): None}
            else:
                edges[(a, b) if arrow == "->" else (b, a)] = None


def _names(piece: str, where: str, unseen: set[str]) -> list[str]:
    found = []
    for raw in piece.split(","):
        name = raw.strip()
        hidden = name.startswith("(") and name.endswith(")")
        name = name[1:-1].strip() if hidden else name
        if not name or set(name) & set("()<>"):
            raise ValueError(f"{where} of the graph has no name, or half a bracket, where one should be")
        if hidden:
            unseen.add(name)
        found.append(name)
    return found


def _circle(graph: Graph) -> list[str]:
    import networkx as nx

    try:
        found = nx.find_cycle(nx.DiGraph(graph.edges))
    except nx.NetworkXNoCycle:
        return []
    return [a for a, _ in found] + [found[0][0]]
