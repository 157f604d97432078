"""Collects what is wrong with a table, so that one error can report all of it with its rows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from mmm.errors import DataError
from mmm.suggest import close

ROWS_SHOWN = 10
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_CELL_WIDTH = 40


@dataclass(frozen=True)
class Problem:
    """One broken rule, the rows that break it and the next step."""

    rule: str
    fix: str
    rows: tuple[str, ...] = ()
    count: int = 0

    def text(self) -> str:
        lines = [f"{self.rule} {self.fix}"]
        lines += [f"    {row}" for row in self.rows]
        if self.count > len(self.rows):
            lines.append(f"    and {self.count - len(self.rows)} more")
        return "\n".join(lines)


@dataclass
class Problems:
    """The problems of one source. Rows are described only as far as they are shown."""

    source: str
    found: list[Problem] = field(default_factory=list)

    def add(self, rule: str, fix: str, rows: Iterable[str] = (), count: int | None = None) -> None:
        """Record a broken rule; ``count`` is the number of rows where ``rows`` is lazy or shortened."""
        shown = tuple(islice(rows, ROWS_SHOWN))
        self.found.append(Problem(rule, fix, shown, len(shown) if count is None else count))

    def error(self) -> DataError:
        """One error with everything found so far."""
        if len(self.found) == 1:
            return DataError(f"{self.source}: {self.found[0].text()}")
        parts = [f"{i}. {problem.text()}" for i, problem in enumerate(self.found, start=1)]
        return DataError(f"{self.source}: {len(self.found)} problems.\n" + "\n".join(parts))

    def stop_if_any(self) -> None:
        """Raise :meth:`error` where there is anything to report."""
        if self.found:
            raise self.error()


def shown(value: object) -> str:
    """A cell as it appears in a message: short, on one line, in quotes where it is text."""
    if isinstance(value, str):
        text = value if len(value) <= _CELL_WIDTH else value[: _CELL_WIDTH - 3] + "..."
        return repr(text)
    text = str(value)
    return text if len(text) <= _CELL_WIDTH else text[: _CELL_WIDTH - 3] + "..."


def listed_yaml(spans: Mapping[str, Mapping[str, str]]) -> str:
    """A mapping of mappings as YAML on one line; dates stand without quotes."""
    inner = {name: ", ".join(f"{key}: {value}" for key, value in span.items()) for name, span in spans.items()}
    return "{" + ", ".join(f"{yaml_text(name)}: {{{span}}}" for name, span in inner.items()) + "}"


def yaml_text(name: str) -> str:
    """A name as a YAML key or value, in quotes where it is not plain."""
    return name if name.isidentifier() and name.casefold() not in _WORDS else json.dumps(name, ensure_ascii=False)


def nearest(name: str, names: Sequence[str]) -> str:
    """A sentence that points at the most similar name, or lists the first few."""
    folded = {other.casefold(): other for other in names}
    near = close(name.casefold(), folded)
    if near:
        return f"Did you mean '{folded[near[0]]}'?"
    if not names:
        return "There are none."
    return f"There are: {', '.join(shown(n) for n in names[:ROWS_SHOWN])}{', ...' if len(names) > ROWS_SHOWN else ''}."
