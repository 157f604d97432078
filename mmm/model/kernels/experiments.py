"""Log likelihood of experiments and its gradient: the effect that each measured, at the model's parameters."""

import math

import numpy as np
from numba import njit

from mmm.model.kernels.block import CHANNELS, GEOS, PARAMETERS, PATH, PATHS, REACH, TESTS, WINDOW
from mmm.model.kernels.media import RESPONSE, SCRATCH, add_by_time, multipliers, over_time, panels_of, respond
from mmm.model.kernels.series import sums_by_geo

LOG_2PI = math.log(2.0 * math.pi)


@njit(cache=True, nogil=True, error_model="numpy")
def _rows(block, test, out):
    """The window's row of every period that an experiment counts; those outside of it are as its ends."""
    for t in range(out.shape[0]):
        out[t] = min(max(test[6] + test[1] + t, 0), block.size[WINDOW] - 1)


@njit(cache=True, nogil=True, error_model="numpy")
def _differences(block, p, test, growth, out, timed):
    """By panel and geo of the experiment, ``out[panel, g]``: weighted sums of the response to high less low media.

    ``growth[t]`` is what the effect is multiplied by, if anything; ``timed[g, t]`` are the parts of the response then.
    """
    c, before, periods, geos, at = test[0], test[1], test[2], test[3], test[5]
    n = periods * geos
    weights, often = (
        block.test_media[at + 2 * n + before * geos : at + 3 * n],
        block.test_media[at + 3 * n : at + 4 * n],
    )
    family = block.families[c]
    scratch, panels = np.empty((SCRATCH + out.shape[0]) * n), np.empty((out.shape[0], n - before * geos))
    sums = np.empty(geos)
    for low in range(2):
        media = block.test_media[at + low * n : at + (low + 1) * n]
        if family[REACH] >= 0:
            respond(family, before, geos, p.families[c], often, media, scratch, panels)
        else:
            respond(family, before, geos, p.families[c], media, media[:0], scratch, panels)
        if growth.shape[0] > 0:
            over_time(geos, growth, panels[: panels_of(family)])
            sign = np.full(1, 1.0 if low == 0 else -1.0)
            for g in range(geos):
                add_by_time(1, sign, weights[g::geos], panels[RESPONSE, g::geos], timed[g])
        for k in range(panels_of(family)):
            sums_by_geo(geos, weights, panels[k], sums)
            for g in range(geos):
                out[k, g] = sums[g] if low == 0 else out[k, g] - sums[g]


@njit(cache=True, nogil=True, error_model="numpy")
def _log_density(effect, result):
    """Log density of a result (value, standard error, degrees of freedom or 0) and its derivative by the effect."""
    error, df = result[1], result[2]
    z = (result[0] - effect) / error
    if df == 0.0:
        return -0.5 * z * z - math.log(error) - 0.5 * LOG_2PI, z / error
    norm = math.lgamma(0.5 * (df + 1.0)) - math.lgamma(0.5 * df) - 0.5 * math.log(df * math.pi) - math.log(error)
    return norm - 0.5 * (df + 1.0) * math.log1p(z * z / df), (df + 1.0) * z / (df + z * z) / error


@njit(cache=True, nogil=True, error_model="numpy")
def experiments(block, p, beta):
    """Log likelihood, and its derivatives by log beta, [c, g], by a channel's parameters, [c, panel], and by the logs
    of what effects are multiplied by, [path, R].

    ``p`` are the :class:`~mmm.model.kernels.media.Parameters`, ``beta[c, g]`` the scales of the curves.
    """
    size, value = block.size, 0.0
    n = 1 + size[PARAMETERS]
    by_log_beta, by_panel = np.zeros((size[CHANNELS], size[GEOS])), np.zeros((size[CHANNELS], n))
    by_path = np.zeros((size[PATHS], block.steps.shape[1]))
    every = multipliers(block, p) if size[TESTS] > 0 else by_path
    for i in range(size[TESTS]):
        test = block.tests[i]
        c, geos = test[0], test[3]
        where = block.test_geos[test[4] : test[4] + geos]
        differences = np.zeros((n, geos))
        path = block.families[c, PATH]
        rows = np.empty(test[2] - test[1] if path >= 0 else 0, np.int64)
        growth, timed = np.empty(rows.shape[0]), np.zeros((geos, rows.shape[0]))
        _rows(block, test, rows)
        for t in range(rows.shape[0]):
            growth[t] = every[path, rows[t]]
        _differences(block, p, test, growth, differences, timed)
        effect = 0.0
        for g in range(geos):
            effect += beta[c, where[g]] * differences[RESPONSE, g]
        density, slope = _log_density(effect, block.measured[i])
        value += density
        for g in range(geos):
            scale = slope * beta[c, where[g]]
            by_log_beta[c, where[g]] += scale * differences[RESPONSE, g]
            for k in range(1, n):
                by_panel[c, k] += scale * differences[k, g]
            for t in range(rows.shape[0]):
                by_path[path, rows[t]] += scale * timed[g, t]
    return value, by_log_beta, by_panel, by_path
