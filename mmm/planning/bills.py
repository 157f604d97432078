"""What channels are billed for their volume, where a vendor's prices are given: fees, tiers and minima included.

Plans are decided on media at the price of the last 13 weeks; for these channels a bill takes the place of that money
in the budget and wherever money is set against what it wins.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats
from mmm.costs.schedule import Schedule, schedule_of
from mmm.costs.settings import VendorSettings
from mmm.data.dataset import Dataset
from mmm.digits import amount
from mmm.errors import SettingsError
from mmm.planning.pieces import Pieces, pieces
from mmm.suggest import suggestion

Billing = Literal["month", "period", "horizon"]


@dataclass(frozen=True)
class Bill:
    """One bill of a channel (its number): for the volume of some periods (rows of the horizon), over all geos."""

    channel: int
    vendor: str
    unit: str
    rows: npt.NDArray[np.intp]
    pieces: Pieces
    """Money by volume of these periods."""
    until: pd.Timestamp
    """Start of the last of them."""


def bills_of(
    dataset: Dataset, vendors: Mapping[str, "str | VendorSettings"], billing: Billing, h: int
) -> tuple[Bill, ...]:
    """The bills of ``h`` periods after the data, in the order of channels and time.

    A month is that in which a period begins. Where the horizon holds only some of a month's periods, they are billed
    that share of what a month at this pace costs. Raises SettingsError for channels, vendors or units that do not fit.
    """
    dates = dataset.frequency.following(dataset.dates[-1], h)
    found: list[Bill] = []
    for name, vendor in vendors.items():
        if name not in dataset.channels:
            raise SettingsError(
                f"plan.vendors names the channel '{name}', which the model does not have. "
                f"{suggestion(name, dataset.channels)}"
            )
        if isinstance(vendor, str):
            raise SettingsError(
                f"plan.vendors.{name} names the vendor '{vendor}', whose prices are not given. Give them here, or in "
                "a settings file with costs.vendors."
            )
        c = dataset.channels.index(name)
        if vendor.unit != dataset.media_unit[c]:
            raise SettingsError(
                f"plan.vendors.{name} has prices for '{vendor.unit}', but the channel's media are counted in "
                f"'{dataset.media_unit[c]}'. Name the column of the volume (data.channels.{name}: media, media_unit), "
                "or give prices for its unit."
            )
        schedule = schedule_of(vendor)
        whole = _continuous(schedule.with_purchases() if vendor.prepaid else schedule)
        called = getattr(vendor, "name", None) or name
        for rows, share in _periods(dates, billing, dataset.frequency.days):
            found.append(Bill(c, called, vendor.unit, rows, whole.part(share), dates[rows[-1]]))
    return tuple(sorted(found, key=lambda bill: (bill.channel, int(bill.rows[0]))))


def _continuous(schedule: Schedule) -> Pieces:
    bounds = [(float(p.first), np.inf if p.last is None else float(p.last)) for p in schedule.pieces]
    return pieces(bounds, [(float(p.base), float(p.price)) for p in schedule.pieces])


def _periods(dates: pd.DatetimeIndex, billing: Billing, days: int) -> Iterator[tuple[npt.NDArray[np.intp], float]]:
    """Rows that one bill is for, and the share of a billing period that they are."""
    everything = np.arange(len(dates))
    if billing == "horizon":
        yield everything, 1.0
    elif billing == "period":
        yield from ((everything[i : i + 1], 1.0) for i in everything)
    else:
        step = pd.Timedelta(days=days)
        around = pd.date_range(dates[0] - 32 // days * step, dates[-1] + 32 // days * step, freq=step)
        months, whole = dates.to_period("M"), around.to_period("M")
        for month in months.unique():
            rows = np.flatnonzero(months == month)
            yield rows, len(rows) / int((whole == month).sum())


def paid(bills: Sequence[Bill], money: Floats, unit: Floats) -> Floats:
    """Money [h, g, c] with every bill in place of its channel's media money, split over its cells by volume.

    ``money`` is at the price that ``unit`` [h, g, c], media of one unit of money, says. A bill without volume is split
    evenly. Infinite where a vendor does not sell that much.
    """
    if not bills:
        return money
    found = money.copy()
    for bill in bills:
        volume = money[bill.rows, :, bill.channel] * unit[bill.rows, :, bill.channel]
        total = float(volume.sum())
        share = volume / total if total > 0 else np.full(volume.shape, 1.0 / volume.size)
        found[bill.rows, :, bill.channel] = share * charged(bill, total)
    return found


def charged(bill: Bill, volume: float) -> float:
    """What a bill is for a volume; infinite beyond what the vendor sells."""
    most = bill.pieces.most
    return float(bill.pieces.at(volume)) if volume <= most * (1 + 1e-6) else float("inf")


def bill_table(
    bills: Sequence[Bill], money: Floats, reference: Floats, unit: Floats, channels: Sequence[str]
) -> pd.DataFrame:
    """A row a bill: channel, vendor, unit, start and end (starts of its first and last period), volume, bill, tier
    (number of the piece of the price list), and volume and bill of the reference plan."""
    rows = []
    for bill in bills:
        row: dict[str, object] = {"channel": channels[bill.channel], "vendor": bill.vendor, "unit": bill.unit}
        row |= {"periods": len(bill.rows), "until": bill.until}
        for name, plan in (("", money), ("reference_", reference)):
            cells = plan[bill.rows, :, bill.channel] * unit[bill.rows, :, bill.channel]
            volume = float(cells.sum())
            row |= {f"{name}volume": volume, f"{name}bill": charged(bill, volume)}
            row[f"{name}piece"] = int(bill.pieces.piece(volume)) + 1
        rows.append(row)
    return pd.DataFrame(rows)


def require_sold(bills: Sequence[Bill], reference: Floats, unit: Floats, channels: Sequence[str]) -> None:
    """Raise SettingsError where the reference plan takes more than a vendor sells: such prices are not those of it."""
    for bill in bills:
        volume = float((reference[bill.rows, :, bill.channel] * unit[bill.rows, :, bill.channel]).sum())
        if not np.isfinite(charged(bill, volume)):
            raise SettingsError(
                f"plan.vendors.{channels[bill.channel]}: today's plan takes {amount(volume)} {bill.unit} until "
                f"{bill.until:%Y-%m-%d}, but '{bill.vendor}' sells {amount(bill.pieces.most)} at most. Add a tier "
                "for more, or another reference plan."
            )
