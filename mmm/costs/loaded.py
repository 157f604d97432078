"""Lines of the ledger mapped to channels and categories; every cent is somewhere, once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.costs.ledger import Ledger, read_ledger
from mmm.costs.settings import CATEGORIES, CostsSettings, Rule, Where
from mmm.data.problems import Problems
from mmm.data.settings import DataSettings
from mmm.errors import SettingsError


@dataclass(frozen=True)
class Loaded:
    """What each channel costs, by category.

    ``parts`` has a row a line and channel: where, date, rule, channel, category, shared, cents. ``unmapped`` are the
    lines that no rule takes. Parts, unmapped lines and those outside the window add up to the ledger, to the cent.
    """

    ledger: Ledger
    parts: pd.DataFrame
    unmapped: pd.DataFrame
    unused: tuple[str, ...]
    """Rules that take no line."""

    @property
    def cents(self) -> pd.DataFrame:
        """Cents by channel (rows) and category (columns); every category is there."""
        table = self.parts.pivot_table(index="channel", columns="category", values="cents", aggfunc="sum", fill_value=0)
        return table.reindex(columns=list(CATEGORIES), fill_value=0).astype(np.int64)

    def costs(self, channels: Sequence[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """(working media, all costs) of the channels in their order, in the currency; 0 for one without lines."""
        found = self.cents.reindex(list(channels), fill_value=0)
        unit = 10.0**self.ledger.decimals
        return found["working_media"].to_numpy() / unit, found.sum(axis=1).to_numpy() / unit

    def reconciliation(self) -> list[tuple[str, int, Decimal]]:
        """(what, lines, money): the whole ledger first, then what it is made of."""
        shared = self.parts["shared"].to_numpy(dtype=bool)
        direct, divided = self.parts[~shared], self.parts[shared]
        rows = [
            (
                "ledger",
                len(self.ledger.lines) + len(self.ledger.outside),
                self._sum(self.ledger.lines, self.ledger.outside),
            ),
            ("borne by one channel", direct["where"].nunique(), self._sum(direct)),
            ("shared between channels", divided["where"].nunique(), self._sum(divided)),
            ("mapped by no rule", len(self.unmapped), self._sum(self.unmapped)),
            ("outside the days that count", len(self.ledger.outside), self._sum(self.ledger.outside)),
        ]
        if rows[0][2] != sum(row[2] for row in rows[1:]):
            raise AssertionError("parts of the ledger do not add up to it")
        return rows

    def _sum(self, *frames: pd.DataFrame) -> Decimal:
        # Python's integers have no largest one.
        return self.ledger.money(sum(sum(frame["cents"].tolist()) for frame in frames))


def load_costs(settings: CostsSettings, data: DataSettings, base: Path) -> Loaded:
    """Read the ledger and give every line to its channels, which ``data`` or ``settings.beside`` must know.

    Raises SettingsError where there is no ledger, DataError where lines are wrong, mapped twice or to unknown channels,
    shared by a key that is not there, or where credit notes exceed what they lower.
    """
    if settings.ledger is None:
        raise SettingsError("costs.ledger is not set. Name the file of the cost lines there; docs/costs.md shows it.")
    ledger = read_ledger(settings.ledger, data.currency, base)
    lines, problems = ledger.lines, Problems(ledger.source)
    masks = np.array([_taken(rule.where, lines) for rule in settings.rules])
    _record_twice(masks, lines, settings.rules, problems)
    problems.stop_if_any()
    named = lines.assign(channel=lines["channel"].map(lambda name: settings.channels.get(name, name)))
    direct = pd.concat([_direct(rule, named[mask], problems) for rule, mask in zip(settings.rules, masks, strict=True)])
    _record_strange(direct, [*data.channels, *settings.beside], problems)
    _record_negative(direct, ledger, problems)  # the key "spend" is made of them
    problems.stop_if_any()
    media = direct[direct["category"] == "working_media"].groupby("channel")["cents"].sum()
    spend = {str(name): int(cents) for name, cents in media.items()}
    volumes = {name: Fraction(repr(value)) for name, value in settings.volumes.items()}
    shared = [
        _divided(rule, lines[mask], _key(rule, spend, volumes, problems))
        for rule, mask in zip(settings.rules, masks, strict=True)
        if rule.share is not None and mask.any()
    ]
    problems.stop_if_any()
    parts = pd.concat([direct, *shared]).sort_index(kind="stable")
    _record_negative(parts, ledger, problems)
    problems.stop_if_any()
    unused = tuple(rule.name for rule, mask in zip(settings.rules, masks, strict=True) if not mask.any())
    return Loaded(ledger, parts, lines[~masks.any(axis=0)], unused)


def divide(cents: int, weights: Mapping[str, Fraction]) -> dict[str, int]:
    """The amount divided in proportion to the weights, in whole cents that add up to it exactly.

    Largest remainder (Hamilton): every share rounded down, the cents that are left to the largest remainders, of equal
    ones to the first in the order of the weights. A negative amount is divided as its opposite. Weights are 0 or more;
    raises ValueError where they are not, or all are 0.
    """
    scale = math.lcm(*(weight.denominator for weight in weights.values()))
    whole = {name: int(weight * scale) for name, weight in weights.items()}
    total = sum(whole.values())
    if total <= 0 or min(whole.values()) < 0:
        raise ValueError("weights are 0 or more, and not all 0")
    parts = {name: divmod(abs(cents) * weight, total) for name, weight in whole.items()}
    found = {name: part for name, (part, _) in parts.items()}
    by_remainder = sorted(parts, key=lambda name: -parts[name][1])
    for name in by_remainder[: abs(cents) - sum(found.values())]:
        found[name] += 1
    return found if cents >= 0 else {name: -part for name, part in found.items()}


def _taken(where: Where, lines: pd.DataFrame) -> npt.NDArray[np.bool_]:
    found = np.ones(len(lines), dtype=bool)
    for column in ("category", "vendor", "channel"):
        wanted = getattr(where, column)
        if wanted:
            found &= lines[column].isin([text.strip() for text in wanted]).to_numpy()
    return found


def _record_twice(
    masks: npt.NDArray[np.bool_], lines: pd.DataFrame, rules: tuple[Rule, ...], problems: Problems
) -> None:
    twice = np.flatnonzero(masks.sum(axis=0) > 1)
    if twice.size:
        names = {row: " and ".join(f"'{r.name}'" for r, m in zip(rules, masks, strict=True) if m[row]) for row in twice}
        problems.add(
            f"{twice.size} lines are taken by more than one of costs.rules and would be counted twice.",
            "Narrow the rules by category, vendor or channel.",
            (f"{lines['where'].iloc[row]}: {names[row]}" for row in twice),
            int(twice.size),
        )


_COLUMNS = ["where", "date", "rule", "channel", "category", "shared", "cents"]


def _direct(rule: Rule, lines: pd.DataFrame, problems: Problems) -> pd.DataFrame:
    """The lines of a rule that gives them to one channel; none of one that shares them."""
    if rule.share is not None:
        lines = lines.iloc[:0]
    channel = (
        lines["channel"] if rule.channel == "own" else pd.Series(rule.channel or "", index=lines.index, dtype=object)
    )
    without = lines[(channel == "").to_numpy()]
    if len(without):
        problems.add(
            f"{len(without)} lines name no channel, but rule '{rule.name}' takes the line's own.",
            "Name the channel, or map these lines by another rule.",
            without["where"],
            len(without),
        )
    found = lines.assign(rule=rule.name, channel=channel, category=rule.category, shared=False)
    return found[_COLUMNS]


def _record_strange(direct: pd.DataFrame, known: Sequence[str], problems: Problems) -> None:
    """The ledger's own names of channels may be none that there are."""
    strange = direct[~direct["channel"].isin([*known, ""])]
    if len(strange):
        problems.add(
            f"{len(strange)} lines name channels that are neither in data.channels nor in costs.beside.",
            f"There are: {', '.join(known)}. Map the ledger's names in costs.channels, or add them to costs.beside.",
            (f"{where}: {name}" for where, name in zip(strange["where"], strange["channel"], strict=True)),
            len(strange),
        )


def _key(
    rule: Rule, spend: Mapping[str, int], volumes: Mapping[str, Fraction], problems: Problems
) -> dict[str, Fraction]:
    """Weights of a shared rule by channel; what stands in the way is recorded."""
    share = rule.share
    if share is None:
        raise ValueError("the rule shares nothing")
    if share.by == "shares":
        return {name: Fraction(repr(part)) for name, part in share.shares.items()}
    have = {name: Fraction(cents) for name, cents in spend.items()} if share.by == "spend" else dict(volumes)
    found = {name: have.get(name, Fraction(0)) for name in share.channels or sorted(have)}
    if sum(found.values()) <= 0 or min(found.values()) < 0:
        problems.add(
            f"Rule '{rule.name}' shares by {share.by}, but its channels have none (or less than none).",
            "Map working media to channels first, or share by volume or by fixed shares.",
        )
    return found


def _divided(rule: Rule, lines: pd.DataFrame, weights: dict[str, Fraction]) -> pd.DataFrame:
    """The lines of a shared rule, divided: a line's parts add up to it, and a channel's to its share of the rule's sum.

    So the running sum is divided, and a line's part is what that changes by: rounding never adds up over many lines.
    """
    if sum(weights.values()) <= 0 or min(weights.values()) < 0:  # recorded
        return lines.iloc[:0].assign(rule="", shared=True)[_COLUMNS]
    rows = []
    total, before = 0, dict.fromkeys(weights, 0)
    for index, where, date, cents in zip(lines.index, lines["where"], lines["date"], lines["cents"], strict=True):
        total += int(cents)
        after = divide(total, weights)
        rows += [
            (index, where, date, rule.name, channel, rule.category, True, part - before[channel])
            for channel, part in after.items()
        ]
        before = after
    frame = pd.DataFrame(rows, columns=["index", *_COLUMNS]).set_index("index")
    return frame.astype({"cents": np.int64})


def _record_negative(parts: pd.DataFrame, ledger: Ledger, problems: Problems) -> None:
    """Credit notes lower what they belong to, and never below nothing."""
    totals = parts.groupby(["channel", "category"], as_index=False)["cents"].sum()
    below = totals[totals["cents"] < 0]
    if len(below):
        cells = zip(below["channel"], below["category"], below["cents"], strict=True)
        problems.add(
            f"Credit notes exceed the costs that they lower in {len(below)} cells of channel and category.",
            "Add the lines that they credit, or leave them out.",
            (f"{channel}, {category}: {ledger.money(cents)} {ledger.currency}" for channel, category, cents in cells),
            len(below),
        )
