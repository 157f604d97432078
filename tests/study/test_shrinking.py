"""Promises changed by what other kinds of worlds say."""

import numpy as np

from mmm.study.shrinking import Promises, learned, left_out


def _promises(count: int, *, bias: float, spread: float, seed: int = 1) -> Promises:
    """Gains with error 0.1 around means between 0.5 and 1.5, promised ``bias`` times, with intervals ``spread`` times
    as wide as the error has it."""
    rng = np.random.default_rng(seed)
    mean = rng.uniform(0.5, 1.5, count)
    promised, half = bias * mean, 1.645 * 0.1 * spread
    return Promises(promised, promised - half, promised + half, mean + 0.1 * rng.standard_normal(count))


def test_a_promise_twice_too_large_and_half_too_narrow_is_halved_and_doubled() -> None:
    shrink, widen = learned(_promises(2000, bias=2.0, spread=0.5))
    assert abs(shrink - 0.5) < 0.051
    assert abs(widen - 2.0) < 0.31


def test_what_is_right_stays() -> None:
    shrink, widen = learned(_promises(2000, bias=1.0, spread=1.0))
    assert abs(shrink - 1.0) < 0.051
    assert abs(widen - 1.0) < 0.21


def test_a_kind_is_changed_by_the_others_alone() -> None:
    found = _promises(400, bias=1.0, spread=1.0)
    kinds = np.array(["plain"] * 200 + ["odd"] * 200)
    odd = kinds == "odd"
    found.came[odd] = 0.5 * found.promised[odd]
    changed, given = left_out(found, kinds.tolist())
    assert given[0] == learned(found.of(~odd))  # odd comes first
    assert given[1] == learned(found.of(odd))
    np.testing.assert_allclose(changed.promised[odd], found.promised[odd] * given[0][0])
    np.testing.assert_allclose(changed.promised[~odd], found.promised[~odd] * given[1][0])
    assert changed.promised[odd].mean() > 1.5 * changed.promised[~odd].mean()
