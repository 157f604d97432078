"""The block of memory that the posterior's kernel reads: sizes, then whole numbers, then arrays, all in one vector.

One block makes one problem. The sampler passes a single address; a block has no structure that compiled code depends
on, so that new data, families and sizes are never compiled again. Written by :mod:`mmm.inference.engine.pack`.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

# Positions of the sizes at the start of a block, as int64 (the same 8 bytes as a float64).
LENGTH, DIM, CHANNELS, GEOS, LOOKBACK, HISTORY, WINDOW, SHARED, VARYING, LONE = range(10)
NOISE, PARAMETERS, SCALES, GROUPS, SCALED, OBSERVED, BLOCKS, WHITENING, BENT, TESTS = range(10, 20)
TEST_GEOS, TEST_MEDIA, LONE_TURNED, CONDITIONAL, SIGNED, REACHED, COARSE, COUPLED = range(20, 28)
PATHS, STEPS = 28, 29
HEADER = 30

# Columns of ``families``: numbers of the kernels, numbers of their parameters, how the adstock is computed, the sign of
# the channel's effect, its look-back, whether saturation comes before carryover, the row of media with its reach
# (its own row is the frequency then), or -1, and the number of its path where the effect varies in time, or -1.
ADSTOCK, NORMALISED, CARRIED, SATURATION, CURVED, PRECISE, SIGN, LAGS, SATURATED_FIRST, REACH, PATH = range(11)
COLUMNS = 11
# Columns of ``priors``: what the parameter is (one of the next line), and the two numbers of its prior.
PRIOR, FIRST, SECOND, PRIOR_COLUMNS = range(4)
LOG_NORMAL, BETA = 0, 1
# Columns of ``tests``; the docstring of :class:`Block` has them.
TEST_COLUMNS = 7
# Columns of ``outcome_rows``.
BEGIN, END, FIRST_SHARE, INNER_SHARE, LAST_SHARE, ROW_COLUMNS = range(6)

# Values of NOISE: how the outcome's noise and the baseline's coefficients are treated.
INTEGRATED, NORMAL, STUDENT_T = 0, 1, 2


class Block(NamedTuple):
    """The arrays of a block. C channels, G geos, R periods of window and tail, W of the window, P dense columns.

    ``media[C, (history + R) * G]`` in kernel units, ``earlier[C, (history + lookback) * G]`` the same with the window
    emptied, and after the channels' rows the reach of those known by it; ``weights[R * G]`` turn scaled outcome into
    the prior's units; ``outcome`` and ``observed`` are [W * G],
    less the coefficients' prior means and zero where unobserved. ``shared[., W]`` and ``varying[., W * G]`` are the
    dense columns, ``signed[., W * G]`` those of coefficients of one sign, with that sign: their sizes have half-normal
    priors of scale ``signed_scale`` and are sampled whatever becomes of the others. Lone columns have no products with
    each other: indicators of the geos, or (``LONE_TURNED`` of the sizes is 1) directions of the drift or of all terms
    whose scales are fixed, in ``lone[., W]``; ``lone_square`` and ``lone_cross[., P]`` are their products with
    themselves and with the dense ones; ``lone_outer``, of the latter, the upper triangle of the dense products' outer
    products. ``precision[P]`` and ``lone_precision`` are for scales of one; coefficients whose
    scale is sampled are ``scaled`` (positions among the dense and then the lone ones; the ``rest`` are the others), and
    ``group`` is the number of a coefficient's scale, or -1. ``constant`` is the part of the log prior
    density that depends on no parameter. ``effects[C, 2]`` are mean and sd of the log effects' priors, ``priors[C,
    PARAMETERS, .]`` those of the families' parameters, which lie in the vector at ``place[C, PARAMETERS]`` (-1 where a
    channel has fewer): mean and sd of the logarithm, or the two numbers of a beta prior. ``scales`` are of geo_sd,
    noise and the sampled scales of coefficients; ``nested[., 2]`` say of each of the latter which other one multiplies
    it (-1: none) and whether its prior is half-Cauchy rather than half-normal, and at the end of ``scales`` is what
    bounds it (0: nothing). ``SCALES`` of the sizes is where geo_sd begins in the vector.
    ``centring[2, C]`` is how far a channel's deviations by geo are centred, 0 to 1, and the log scale at which that
    changes nothing; ``given``, ``onto`` and ``known`` are those of :mod:`mmm.model.kernels.conditional`, or empty
    (``CONDITIONAL`` of the sizes is 0); ``centre`` and ``factors`` whiten the entries, in the blocks of ``order`` that
    ``bounds`` cuts; ``bent`` are log scales that are sampled as normal scores of a half-normal with scale
    ``bent_scale``.
    Where outcome rows are the means of several periods there are ``COARSE`` of them: ``outcome_rows[., 5]`` are the
    periods of the window in which they begin and end, then the weights of the first period, of each of those between
    and of the last; outcome, ``observed`` and columns (but not ``signed``) are those means, at the row's last period.
    ``coupled[., 2 + .]`` are entries whose priors depend on each other: where they lie in the vector, their means, and
    the precision of their joint prior less that of independent ones, which ``effects`` and ``priors`` hold.
    Effects that vary in time are multiplied by exp of the ``PATHS``, sums of ``steps[STEPS, R]``; the last of the
    ``scales`` are those of the priors of their standard deviations, whose logs come before ``SCALES`` in the vector,
    with the steps' sizes [PATHS, STEPS] after them.
    ``tests[., 7]`` are, by experiment, its channel, periods before its window, all periods, number of geos, where
    its geos start in ``test_geos`` and its media in ``test_media``: high, low, weights and frequency, flat panels of
    its geos one after the other, and the row, counted from the window's first, of its first period.
    ``measured[., 3]`` are result, standard error and degrees of freedom (0: normal).
    """

    size: np.ndarray
    families: np.ndarray
    place: np.ndarray
    order: np.ndarray
    bounds: np.ndarray
    bent: np.ndarray
    group: np.ndarray
    nested: np.ndarray
    scaled: np.ndarray
    rest: np.ndarray
    tests: np.ndarray
    test_geos: np.ndarray
    media: np.ndarray
    earlier: np.ndarray
    weights: np.ndarray
    outcome: np.ndarray
    observed: np.ndarray
    shared: np.ndarray
    varying: np.ndarray
    signed: np.ndarray
    signed_scale: np.ndarray
    gram: np.ndarray
    lone: np.ndarray
    lone_square: np.ndarray
    lone_cross: np.ndarray
    lone_outer: np.ndarray
    lone_precision: np.ndarray
    precision: np.ndarray
    constant: np.ndarray
    effects: np.ndarray
    priors: np.ndarray
    log_denominator: np.ndarray
    scales: np.ndarray
    bent_scale: np.ndarray
    centring: np.ndarray
    given: np.ndarray
    onto: np.ndarray
    known: np.ndarray
    centre: np.ndarray
    factors: np.ndarray
    test_media: np.ndarray
    measured: np.ndarray
    outcome_rows: np.ndarray
    coupled: np.ndarray
    steps: np.ndarray


def shapes(size: np.ndarray) -> dict[str, tuple[int, ...]]:
    """Shape of every array after the sizes, in their order in the block. Mirrors :func:`unpack`."""
    channels, geos, lookback = size[CHANNELS], size[GEOS], size[LOOKBACK]
    history, window = size[HISTORY], size[WINDOW]
    dense = size[SHARED] + size[VARYING]
    rows = window + lookback
    conditional, scaled = size[CONDITIONAL], size[SCALED]
    others = dense + size[LONE] - scaled
    return {
        "families": (channels, COLUMNS),
        "place": (channels, size[PARAMETERS]),
        "order": (size[DIM],),
        "bounds": (size[BLOCKS] + 1,),
        "bent": (size[BENT],),
        "group": (dense + size[LONE],),
        "nested": (size[GROUPS], 2),
        "scaled": (scaled,),
        "rest": (others,),
        "tests": (size[TESTS], TEST_COLUMNS),
        "test_geos": (size[TEST_GEOS],),
        "media": (channels + size[REACHED], (history + rows) * geos),
        "earlier": (channels + size[REACHED], (history + lookback) * geos if history else 0),
        "weights": (rows * geos,),
        "outcome": (window * geos,),
        "observed": (window * geos,),
        "shared": (size[SHARED], window),
        "varying": (size[VARYING], window * geos),
        "signed": (size[SIGNED], window * geos),
        "signed_scale": (size[SIGNED],),
        "gram": (dense, dense),
        "lone": (size[LONE] * size[LONE_TURNED], window),
        "lone_square": (size[LONE],),
        "lone_cross": (size[LONE], dense),
        "lone_outer": (size[LONE] * size[LONE_TURNED], dense * (dense + 1) // 2),
        "lone_precision": (size[LONE],),
        "precision": (dense,),
        "constant": (1,),
        "effects": (channels, 2),
        "priors": (channels, size[PARAMETERS], PRIOR_COLUMNS),
        "log_denominator": (channels,),
        "scales": (2 + 2 * size[GROUPS] + size[PATHS],),
        "bent_scale": (size[BENT],),
        "centring": (2, channels),
        "given": (conditional * others, conditional * others),
        "onto": (conditional * others, conditional * scaled),
        "known": (conditional * (scaled + 1),),
        "centre": (size[DIM],),
        "factors": (size[WHITENING],),
        "test_media": (size[TEST_MEDIA],),
        "measured": (size[TESTS], 3),
        "outcome_rows": (size[COARSE], ROW_COLUMNS),
        "coupled": (size[COUPLED], 2 + size[COUPLED]),
        "steps": (size[STEPS], rows),
    }


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _vector(memory, at, n):
    return memory[at : at + n], at + n


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _matrix(memory, at, m, n):
    return memory[at : at + m * n].reshape(m, n), at + m * n


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _cube(memory, at, m, n):
    stop = at + m * n * PRIOR_COLUMNS
    return memory[at:stop].reshape(m, n, PRIOR_COLUMNS), stop


@njit(cache=True, nogil=True, error_model="numpy")
def unpack(values, whole):
    """The :class:`Block` in ``values``; ``whole`` is the same memory as int64. Nothing is copied."""
    size = whole[:HEADER]
    channels, geos, lookback = size[CHANNELS], size[GEOS], size[LOOKBACK]
    history, window, dense = size[HISTORY], size[WINDOW], size[SHARED] + size[VARYING]
    with_scale, rest_size = size[SCALED], dense + size[LONE] - size[SCALED]
    others = size[CONDITIONAL] * rest_size
    families, at = _matrix(whole, HEADER, channels, COLUMNS)
    place, at = _matrix(whole, at, channels, size[PARAMETERS])
    order, at = _vector(whole, at, size[DIM])
    bounds, at = _vector(whole, at, size[BLOCKS] + 1)
    bent, at = _vector(whole, at, size[BENT])
    group, at = _vector(whole, at, dense + size[LONE])
    nested, at = _matrix(whole, at, size[GROUPS], 2)
    scaled, at = _vector(whole, at, with_scale)
    rest, at = _vector(whole, at, rest_size)
    tests, at = _matrix(whole, at, size[TESTS], TEST_COLUMNS)
    test_geos, at = _vector(whole, at, size[TEST_GEOS])
    media, at = _matrix(values, at, channels + size[REACHED], (history + window + lookback) * geos)
    earlier, at = _matrix(values, at, channels + size[REACHED], (history + lookback) * geos if history else 0)
    weights, at = _vector(values, at, (window + lookback) * geos)
    outcome, at = _vector(values, at, window * geos)
    observed, at = _vector(values, at, window * geos)
    shared, at = _matrix(values, at, size[SHARED], window)
    varying, at = _matrix(values, at, size[VARYING], window * geos)
    signed, at = _matrix(values, at, size[SIGNED], window * geos)
    signed_scale, at = _vector(values, at, size[SIGNED])
    gram, at = _matrix(values, at, dense, dense)
    lone, at = _matrix(values, at, size[LONE] * size[LONE_TURNED], window)
    lone_square, at = _vector(values, at, size[LONE])
    lone_cross, at = _matrix(values, at, size[LONE], dense)
    lone_outer, at = _matrix(values, at, size[LONE] * size[LONE_TURNED], dense * (dense + 1) // 2)
    lone_precision, at = _vector(values, at, size[LONE])
    precision, at = _vector(values, at, dense)
    constant, at = _vector(values, at, 1)
    effects, at = _matrix(values, at, channels, 2)
    priors, at = _cube(values, at, channels, size[PARAMETERS])
    log_denominator, at = _vector(values, at, channels)
    scales, at = _vector(values, at, 2 + 2 * size[GROUPS] + size[PATHS])
    bent_scale, at = _vector(values, at, size[BENT])
    centring, at = _matrix(values, at, 2, channels)
    given, at = _matrix(values, at, others, others)
    onto, at = _matrix(values, at, others, size[CONDITIONAL] * with_scale)
    known, at = _vector(values, at, size[CONDITIONAL] * (with_scale + 1))
    centre, at = _vector(values, at, size[DIM])
    factors, at = _vector(values, at, size[WHITENING])
    test_media, at = _vector(values, at, size[TEST_MEDIA])
    measured, at = _matrix(values, at, size[TESTS], 3)
    outcome_rows, at = _matrix(values, at, size[COARSE], ROW_COLUMNS)
    coupled, at = _matrix(values, at, size[COUPLED], 2 + size[COUPLED])
    steps, at = _matrix(values, at, size[STEPS], window + lookback)
    return Block(
        size, families, place, order, bounds, bent, group, nested, scaled, rest, tests, test_geos, media, earlier,
        weights, outcome, observed, shared, varying, signed, signed_scale, gram, lone, lone_square, lone_cross,
        lone_outer, lone_precision, precision, constant, effects, priors, log_denominator, scales, bent_scale,
        centring, given, onto, known, centre, factors,
        test_media, measured, outcome_rows, coupled, steps,
    )  # fmt: skip
