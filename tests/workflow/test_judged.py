"""A judgement is plain data beside its fit: found by whoever asks the same, checked, and made again where it is not."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic

from mmm.settings.request import request_of
from mmm.workflow import Judged, Judgement, Request, judged, kept
from mmm.workflow.judging import JUDGEMENT
from mmm.workflow.plain import frame, frame_data

EXPERIMENT = {"name": "off", "channel": "search", "start": "2022-09-05", "end": "2022-10-02", "kind": "hold_out",
              "roas": 0.3, "error": 0.1}  # fmt: skip


def request_for(folder: Path, **settings: Any) -> Request:
    made = synthetic.make_settings(synthetic.Case(geos=1, channels=("tv", "search"), settings=settings), folder)
    return request_of(made)


@pytest.fixture(scope="module")
def request_and_first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Request, Judged]:
    request = request_for(tmp_path_factory.mktemp("case"))
    return request, judged(request)


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on nothing is judged any more."""

    def forbid() -> None:
        monkeypatch.setattr("mmm.workflow.judging.judge", lambda *_, **__: pytest.fail("judged again"))

    return forbid


def files_of(request: Request, first: Judged) -> list[Path]:
    return sorted((Path(request.sampler.store) / first.fit.key).glob("judgement-*.json"))


def same(one: Judgement, other: Judgement) -> None:
    assert one.gate == other.gate
    assert one.agreed == other.agreed
    pd.testing.assert_frame_equal(one.signals.channels, other.signals.channels)
    assert one.signals.whole == pytest.approx(other.signals.whole, nan_ok=True)
    assert (one.holdout is None) == (other.holdout is None)
    if one.holdout is not None and other.holdout is not None:
        for name in ("total", "cells"):
            pd.testing.assert_frame_equal(getattr(one.holdout, name), getattr(other.holdout, name))
        pd.testing.assert_index_equal(one.holdout.dates, other.holdout.dates, check_names=False)
        rest = {"total": None, "cells": None, "dates": None, "fit": None}
        assert replace(one.holdout, **rest) == replace(other.holdout, **rest)


def test_a_judgement_is_made_once(request_and_first: tuple[Request, Judged], never: Callable[[], None]) -> None:
    request, first = request_and_first
    never()
    said: list[str] = []
    again = judged(request, say=said.append)
    assert again.fit.key == first.fit.key
    same(again.judgement, first.judgement)
    # The fit that was judged is not even read.
    assert len([line for line in said if "found in the store" in line]) == len(first.fit.members)


def test_whether_a_failed_gate_is_overridden_judges_nothing_again(
    request_and_first: tuple[Request, Judged], never: Callable[[], None]
) -> None:
    request, first = request_and_first
    never()
    again = judged(replace(request, gate=request.gate.model_copy(update={"override": True})))
    assert again.gate == first.gate


@pytest.mark.parametrize("change", [{"r_hat_max": 1.5}, {"holdout": None}, {"prior_shift_max": 0.9}])
def test_another_question_is_judged_anew(request_and_first: tuple[Request, Judged], change: dict[str, Any]) -> None:
    request, first = request_and_first
    before = files_of(request, first)
    judged(replace(request, gate=request.gate.model_copy(update=change)))
    assert len(files_of(request, first)) == len(before) + 1


def test_it_is_plain_data_and_every_flipped_bit_is_seen(request_and_first: tuple[Request, Judged]) -> None:
    request, first = request_and_first
    for path in files_of(request, first):
        path.unlink()
    judged(request)
    (path,) = files_of(request, first)
    content = path.read_bytes()
    document = json.loads(content, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    rng = np.random.default_rng(3)
    for at in rng.choice(len(content), 60, replace=False):
        damaged = bytearray(content)
        damaged[at] ^= 1 << int(rng.integers(8))
        try:
            unchanged = json.loads(bytes(damaged)) == document
        except ValueError:
            unchanged = False
        path.write_bytes(bytes(damaged))
        said: list[str] = []
        found = kept.find(JUDGEMENT, path.parent, document["key"], said.append)
        if not unchanged:
            assert found is None
            assert "cannot be read" in said[0]
            assert said[0].endswith("it is made again.")
    path.write_bytes(content[:-20])
    said = []
    same(judged(request, say=said.append).judgement, first.judgement)
    assert any("cannot be read" in line and line.endswith("it is made again.") for line in said)
    assert path.read_bytes() == content


def test_experiments_and_odd_numbers_survive(tmp_path: Path) -> None:
    request = request_for(tmp_path, experiments=[EXPERIMENT])
    first = judged(request)
    assert len(first.agreed) == 1
    signals = first.judgement.signals
    odd = replace(signals, channels=signals.channels.assign(quarter=[np.nan, np.inf]), whole={"step": -np.inf})
    check = replace(first.gate.checks[0], value=float("inf"), channels=("tv",))
    made = replace(first.judgement, signals=odd, gate=replace(first.gate, checks=(check,)))
    text = json.dumps(made.to_data(), allow_nan=False)
    same(Judgement.from_data(json.loads(text)), made)


def test_a_store_that_cannot_be_written_is_said_and_not_fatal(
    request_and_first: tuple[Request, Judged], monkeypatch: pytest.MonkeyPatch
) -> None:
    request, _ = request_and_first

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mmm.workflow.kept.write_whole", full)
    said: list[str] = []
    judged(replace(request, gate=request.gate.model_copy(update={"overlap_max": 0.8})), say=said.append)
    assert any("The judgement could not be stored in" in line and "No space left" in line for line in said)


def test_tables_come_back_as_they_were() -> None:
    table = pd.DataFrame(
        {
            "date": pd.date_range("2024-01-01", periods=2),
            "geo": np.array(["a", "b"], dtype=object),
            "value": [0.1, np.nan],
            "count": [1, 2],
        }
    )
    pd.testing.assert_frame_equal(frame(json.loads(json.dumps(frame_data(table)))), table)
