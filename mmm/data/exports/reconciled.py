"""What became of each file's rows and money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.data.cells import FloatArray
from mmm.data.exports.channels import LEFT_OUT
from mmm.data.exports.periods import Spread
from mmm.data.exports.rows import Rows


@dataclass(frozen=True)
class Line:
    """The account of one file; money by currency as the file has it, and in that of the panel."""

    file: str
    kind: str
    title: str
    rows: int
    first: str
    last: str
    name: str
    """The amount that is told of: spend, revenue, or the first column where there is no money."""
    money: Mapping[str, float]
    """That amount over all rows, by currency; '' is what does not say its currency, or is no money."""
    is_money: bool
    taken: Mapping[str, float]
    """By channel, converted, within the panel."""
    outside: float
    """Converted, of days outside the panel."""
    left_out: float
    """Converted, of rows that belong to no channel on purpose."""
    dropped: Mapping[str, int]

    @classmethod
    def of(cls, rows: Rows, channel: np.ndarray, rate: FloatArray, spread: Spread) -> "Line":
        """Raises AssertionError where money is lost or made on the way."""
        amounts = rows.reader.amounts
        name = next((a for a in rows.amounts if a in amounts and amounts[a].money), next(iter(rows.amounts)))
        values = np.nan_to_num(rows.amounts[name])
        money = values * rate if name in amounts and amounts[name].money else values
        inside = {
            str(c): float(spread.summed(np.where(channel == c, money, 0.0)).sum())
            for c in dict.fromkeys(channel)
            if c != LEFT_OUT
        }
        left = float(np.where(channel == LEFT_OUT, money, 0.0).sum())
        outside = spread.outside(np.where(channel == LEFT_OUT, 0.0, money))
        lost = float(money.sum()) - sum(inside.values()) - left - outside
        if abs(lost) > 1e-6 * max(1.0, float(np.abs(money).sum())):
            raise AssertionError(f"{rows.file}: {lost:g} of {name} is in no period and no reason.")
        days = rows.start.astype("datetime64[D]")
        end = (days + (rows.days - 1).astype("timedelta64[D]")).max()
        by_currency = {str(c): float(values[rows.currency == c].sum()) for c in sorted(set(rows.currency))}
        is_money = name in amounts and amounts[name].money
        return cls(
            rows.file, rows.kind, rows.reader.title, rows.start.size, str(days.min()), str(end), name, by_currency,
            is_money, inside, outside, left, dict(rows.dropped),
        )  # fmt: skip

    def total(self, currency: str) -> str:
        """The amount of all rows, by currency where it is money of advertising or says its currency."""
        return " + ".join(
            f"{code or (currency if self.is_money else '')} {n:,.2f}".strip() for code, n in self.money.items()
        )

    def sentence(self, currency: str) -> str:
        """One line for a reader."""
        parts = [f"{self.rows:,} rows of {self.first} to {self.last}", f"{self.name} {self.total(currency)}"]
        parts += [f"left out: {reason} ({count:,})" for reason, count in self.dropped.items()]
        parts += [f"{self.name} {self.outside:,.2f} outside the panel's days"] if abs(self.outside) >= 0.005 else []
        parts += [f"{self.name} {self.left_out:,.2f} left out by rule"] if self.left_out else []
        return f"{self.file} ({self.title}): {'; '.join(parts)}."


def reconciliation(lines: Sequence[Line], currency: str) -> pd.DataFrame:
    """One row a file and channel: what the file holds, what the panel took, and what it did not."""
    rows = []
    for line in lines:
        dropped = ", ".join(f"{reason} ({count:,})" for reason, count in line.dropped.items())
        for place, (channel, taken) in enumerate(line.taken.items()):
            first = place == 0
            rows.append(
                {
                    "file": line.file if first else "",
                    "read as": line.title if first else "",
                    "rows": f"{line.rows:,}" if first else "",
                    "days": f"{line.first} to {line.last}" if first else "",
                    "in the file": f"{line.name} {line.total(currency)}" if first else "",
                    "channel or table": channel,
                    f"in the panel ({currency})": f"{taken:,.2f}",
                    "outside its days": f"{line.outside:,.2f}" if first else "",
                    "left out": (dropped or "-") if first else "",
                }
            )
    return pd.DataFrame(rows)
