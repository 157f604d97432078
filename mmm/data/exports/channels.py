"""Which channel each row of an export belongs to, by the rules of the settings."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from mmm.data.exports.rows import Rows
from mmm.data.exports.settings import SourceSettings
from mmm.data.patterns import matches
from mmm.data.problems import Problems, nearest

LEFT_OUT = ""
"""The channel of rows that belong to none on purpose."""


def channel_of(rows: Rows, settings: SourceSettings, problems: Problems) -> npt.NDArray[np.object_]:
    """The channel of each row: that of the first rule that matches.

    Recorded: rules on labels that the file does not have, and rows with money that no rule takes, with their sums.
    """
    size = rows.start.size
    if not settings.channels and not settings.leave_out:
        return np.full(size, rows.reader.channel or rows.kind, dtype=object)
    found = np.full(size, None, dtype=object)
    for rule in settings.leave_out:
        found[_matched(rows, rule, problems) & (found == None)] = LEFT_OUT  # noqa: E711
    for channel, rule in settings.channels.items():
        found[_matched(rows, rule, problems) & (found == None)] = channel  # noqa: E711
    if not settings.channels:
        found[found == None] = rows.reader.channel or rows.kind  # noqa: E711
    open_rows = np.flatnonzero(found == None)  # noqa: E711
    if open_rows.size and not problems.found:
        _record_open(rows, open_rows, problems)
    return found


def _matched(rows: Rows, rule: Mapping[str, tuple[str, ...]], problems: Problems) -> npt.NDArray[np.bool_]:
    taken = np.ones(rows.start.size, dtype=bool)
    for label, patterns in rule.items():
        cells = rows.labels.get(label)
        if cells is None:
            problems.add(
                f"Its rows have no '{label}', by which a rule tells channels.", nearest(label, list(rows.labels))
            )
            return np.zeros(rows.start.size, dtype=bool)
        known = {cell: any(matches(cell.casefold(), p.casefold()) for p in patterns) for cell in set(cells)}
        taken &= np.array([known[cell] for cell in cells], dtype=bool)
    return taken


def _record_open(rows: Rows, at: npt.NDArray[np.int64], problems: Problems) -> None:
    """Rows without a rule, summed by campaign: nothing is lost in silence."""
    spend = rows.amounts.get("spend", np.zeros(rows.start.size))
    cells = next((rows.labels[label] for label in ("campaign", *rows.labels) if label in rows.labels), None)
    sums: dict[str, float] = defaultdict(float)
    for i in at:
        sums["all rows" if cells is None else cells[i]] += float(spend[i])
    listed = sorted(sums.items(), key=lambda item: -item[1])
    problems.add(
        f"{at.size} rows ({sum(sums.values()):,.2f} of spend) match no rule of channels.",
        "Add a rule, or name them in leave_out.",
        (f"{name}: {money:,.2f}" for name, money in listed),
        len(listed),
    )
