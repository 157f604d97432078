"""Tests that could be run, ranked by what they are worth to a plan, and the order in which to run them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from mmm.data.dataset import Dataset
from mmm.experiments.candidate import MULTIPLES, Candidate
from mmm.experiments.candidates import candidates
from mmm.experiments.settings import DesignSettings
from mmm.experiments.when import Calendar, Running
from mmm.planning.objectives import Expected
from mmm.planning.planner import expected_objective
from mmm.planning.result import Plan
from mmm.planning.sample_information import (
    Readout,
    Schedule,
    draws_of,
    sample_information,
    schedule,
    sharpened,
    worths,
)

_YEAR = 366
"""Days, from the first that is possible, within which a schedule lies where no latest day is given."""


@dataclass(frozen=True)
class Worked:
    """Tests that could be run, with their worth to a plan.

    ``table`` has one row an arm of each test, the tests with the largest net worth first; ``power`` the chance of
    finding effects that are multiples of what the model expects. Money is the plan's. ``starts`` are the first days of
    the schedule's tests. ``left_out`` says in words what has no place, or is too risky.
    """

    tests: tuple[Candidate, ...] = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    power: pd.DataFrame = field(repr=False)
    schedule: Schedule
    starts: tuple[pd.Timestamp, ...]
    left_out: tuple[str, ...]
    calendar: Calendar = field(repr=False)

    @property
    def best(self) -> Candidate | None:
        """The test with the largest net worth; None where none is worth its price."""
        if not len(self.table) or float(self.table["net"].iloc[0]) <= 0:
            return None
        return self._by_name[str(self.table["test"].iloc[0])]

    def value_of(self, test: Candidate) -> tuple[float, float]:
        """What a test is worth, and its price."""
        row = self.table[self.table["test"] == test.name].iloc[0]
        return float(row["worth"]), float(row["price"])

    @cached_property
    def _by_name(self) -> dict[str, Candidate]:
        return {test.name: test for test in self.tests}


def worked(dataset: Dataset, plan: Plan, settings: DesignSettings) -> Worked:
    """Judge the tests of the settings, value them for the plan, put them in an order.

    Raises what :func:`mmm.experiments.candidates.candidates` raises.
    """
    found = candidates(dataset, draws_of(plan), settings)
    readouts = {readout.name: readout for readout in readouts_of(plan, found.tests)}
    made = worths(plan)
    values = sample_information(made, list(readouts.values()), settings.seed)
    by_name = {test.name: test for test in found.tests}
    rows, curves = [], []
    for _, row in values.iterrows():
        test = by_name[str(row["test"])]
        left = sharpened(readouts[test.name], settings.seed)
        rows += _rows(test, row, left)
        curves += _curves(test)
    total = np.inf if settings.test_budget is None else settings.test_budget
    order = Order(found.calendar, by_name)
    chosen = schedule(made, list(readouts.values()), total, settings.seed, order.possible)
    starts = order.starts(chosen.tests)
    return Worked(
        found.tests, pd.DataFrame(rows), pd.DataFrame(curves), chosen, starts or (), found.left_out, found.calendar
    )


def readouts_of(plan: Plan, tests: Sequence[Candidate]) -> list[Readout]:
    """Tests as the plan sees them: the price of each is what it takes from the plan's own utility.

    Never below 0: money that a channel should not have had is saved by the plan, without a test.
    """
    expected = expected_objective(plan.space, plan.settings)
    return [Readout(t.name, t.channels, t.effect, t.covariance, _price(t, expected)) for t in tests]


def _price(test: Candidate, expected: Expected) -> float:
    price = 0.0
    for arm in test.arms:
        won, spent = expected.worth * float(arm.brought.mean()), expected.price * arm.moved
        price += spent - won if arm.kind == "heavy_up" else won - spent
    return max(0.0, price)


class Order:
    """Whether tests can be run one after the other within a year, and from when."""

    def __init__(self, calendar: Calendar, tests: dict[str, Candidate]) -> None:
        last = calendar.last or calendar.first + pd.Timedelta(days=_YEAR)
        self.calendar = Calendar(
            calendar.first, last, calendar.days, calendar.avoided, calendar.running, calendar.cooling
        )
        self.tests = tests

    def possible(self, readouts: Sequence[Readout]) -> bool:
        """Whether there is a place for each after those before it."""
        return self.starts([readout.name for readout in readouts]) is not None

    def starts(self, names: Sequence[str]) -> tuple[pd.Timestamp, ...] | None:
        """First days of tests in this order; None where one has no place."""
        calendar, out = self.calendar, []
        for name in names:
            test = self.tests[name]
            slot = calendar.slot(test.channels, test.periods, test.cool, everywhere=True)
            if slot is None:
                return None
            out.append(slot.start)
            end = slot.start + pd.Timedelta(days=(test.periods + test.cool) * calendar.days - 1)
            calendar = calendar.with_running(Running("", (), slot.start, end))
        return tuple(out)


def _rows(test: Candidate, valued: "pd.Series[float]", left: np.ndarray) -> list[dict[str, object]]:
    low, high = np.quantile(test.at_risk, [0.05, 0.95])
    cells = " + ".join(f"{arm.channel} {arm.kind}" for arm in test.arms)
    where = " | ".join("; ".join(arm.regions) or test.form for arm in test.arms)
    common = {
        "test": test.name,
        "form": test.form,
        "cells": cells,
        "where": where,
        "note": test.note,
        "start": f"{test.slot.start:%Y-%m-%d}",
        "periods": test.periods,
        "counted": test.periods + test.cool,
        "at_risk": float(test.at_risk.mean()),
        "at_risk_lower": float(low),
        "at_risk_upper": float(high),
        "worth": float(valued["value"]),
        "price": float(valued["price"]),
        "net": float(valued["net"]),
    }
    return [
        common
        | {
            "channel": arm.channel,
            "kind": arm.kind,
            "regions": "; ".join(arm.regions),
            "moved": arm.moved,
            "return_expected": float(arm.effect.mean()) * arm.value / arm.stake,
            "return_error": arm.error * arm.value / arm.stake,
            "return_detectable": arm.detectable * arm.value / arm.stake,
            "spread_left": float(left[k]),
            "power": arm.power,
            "bias": arm.bias,
            "coverage": arm.coverage,
        }
        for k, arm in enumerate(test.arms)
    ]


def _curves(test: Candidate) -> list[dict[str, object]]:
    return [
        {
            "test": test.name,
            "channel": arm.channel,
            "kind": arm.kind,
            "multiple": multiple,
            "return": multiple * float(arm.effect.mean()) * arm.value / arm.stake,
            "power": float(power),
        }
        for arm in test.arms
        for multiple, power in zip(MULTIPLES, arm.curve, strict=True)
    ]
