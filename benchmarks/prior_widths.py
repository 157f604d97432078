"""Would a narrower prior of returns do better? The fits of ``make study-promises`` under other priors, by weights.

Nothing is fitted: every draw of a stored fit is weighted by the other prior's density of its channels' effects over
that of the prior it was sampled with, the weights Pareto-smoothed (Vehtari et al. 2024); worlds in which they cannot be
trusted are counted. Priors keep their medians. Writes docs/studies/prior_widths.md.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mmm import hashes
from mmm.analysis.effects import effect, log_effects, observed
from mmm.assessment.recovery_score import clustered_error
from mmm.assessment.resume import kept
from mmm.assessment.reweight import K_MAX, reweighted
from mmm.assessment.scores import interval_score
from mmm.files import write_whole
from mmm.inference.fit import Fit
from mmm.model.mixture import Beliefs
from mmm.study.page import table
from mmm.study.promises import SAMPLER
from mmm.study.score import scales
from mmm.study.worlds import Entry, promise_entries
from mmm.workflow import Request, fitted

Floats = NDArray[np.float64]
_FORMAT, _DRAWS = 1, 2000
_FAR = 3.0
"""A channel is credited with far too much where the median is above this multiple of the truth."""
_DEMAND = ("fast_demand", "against_demand", "unrecorded_promotions", "calendar")


def _parts(*parts: tuple[float, float]) -> Callable[[Floats, Floats], Floats]:
    """Log density of a mixture of normals in standard units: pairs of weight and width. Spend is not looked at."""

    def density(z: Floats, _: Floats) -> Floats:
        return np.asarray(np.log(sum(weight * stats.norm.pdf(z, 0.0, width) for weight, width in parts)))

    return density


def _by_share(z: Floats, share: Floats) -> Floats:
    """As wide as the root of the channel's spend over the mean channel's, at least half, at most the whole."""
    return np.asarray(stats.norm.logpdf(z, 0.0, np.clip(np.sqrt(share * len(share)), 0.5, 1.0)))


PRIORS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "as shipped (90%: 0.2 to 5)": _parts((1.0, 1.0)),
    "0.8 as wide": _parts((1.0, 0.8)),
    "0.6 as wide": _parts((1.0, 0.6)),
    "core 0.6 as wide, a fifth 1.5 times": _parts((0.8, 0.6), (0.2, 1.5)),
    "core 0.5 as wide, three tenths 1.5 times": _parts((0.7, 0.5), (0.3, 1.5)),
    "width by the root of the spend": _by_share,
}


def judged(fit: Fit, truth: Floats) -> dict[str, Any]:
    """By prior: whether each channel's interval holds, its width, score and error, relative, and the weights' k."""
    draws, panel = fit.response(_DRAWS), observed(fit)
    spent = panel.spend.sum(axis=0)
    roas = effect(draws, panel, panel.value).sum(axis=1) / spent
    prior = np.array([[c.effect.mu, c.effect.sigma] for c in fit.spec.channels])
    z = (log_effects(fit, draws) - prior[:, 0]) / prior[:, 1]
    out = {}
    for name, density in PRIORS.items():
        ratio = (density(z, spent / spent.sum()) - stats.norm.logpdf(z)).sum(axis=1)
        weights = reweighted(ratio)
        lower, median, upper = np.array([weights.quantiles(column) for column in roas.T]).T
        size = scales(truth)
        out[name] = {
            "hit": ((lower <= truth) & (truth <= upper)).tolist(),
            "width": ((upper - lower) / size).tolist(),
            "score": (interval_score(lower, upper, truth) / size).tolist(),
            "error": (np.abs(median - truth) / size).tolist(),
            "far": ((truth > 0) & (median > _FAR * truth)).tolist(),
            "k": float(weights.k) if np.isfinite(weights.k) else 0.0,
        }
    return out


def result(entry: Entry, store: Path, work: Path) -> dict[str, Any]:
    """The judgement of one world's stored fit, kept in a file."""
    world = entry.make()

    def make() -> dict[str, Any]:
        sampler = SAMPLER.model_copy(update={"store": str(store)})
        return {"priors": judged(fitted(Request(world.training(), Beliefs(world.model), sampler)), world.roas)}

    key = hashes.of_data([_FORMAT, world.dataset.fingerprint, list(PRIORS)])
    return {"world": entry.name, "kind": entry.kind, "geos": entry.geos, **kept(work / f"{entry.name}.json", key, make)}


def page(rows: list[dict[str, Any]]) -> str:
    """The study's page."""
    groups = {
        "all": rows,
        "spend follows demand or the calendar": [r for r in rows if r["kind"] in _DEMAND],
        "the other kinds": [r for r in rows if r["kind"] not in _DEMAND],
    }
    lines = []
    for label, mine in groups.items():
        names = np.array([r["world"] for r in mine for _ in next(iter(r["priors"].values()))["hit"]])
        for prior in PRIORS:
            cells = {k: np.array([x for r in mine for x in r["priors"][prior][k]], float) for k in ("hit", "width")}
            cells |= {k: np.array([x for r in mine for x in r["priors"][prior][k]], float) for k in _MEANS}
            hit = f"{cells['hit'].mean():.0%} ± {clustered_error(cells['hit'], names) or 0.0:.0%}"
            line = [label, prior, f"{len(mine)}, {len(names)}", hit, f"{np.median(cells['width']):.2f}"]
            line += [f"{cells['score'].mean():.2f} ± {_error(cells['score'], names):.2f}"]
            line += [f"{np.median(cells['error']):.0%}", f"{cells['error'].mean():.0%}", f"{cells['far'].sum():.0f}"]
            lines.append([*line, str(sum(r["priors"][prior]["k"] > K_MAX for r in mine))])
    header = ["worlds", "prior of a return", "worlds, channels", "90% intervals hold", "width, median"]
    header += ["interval score, mean", "error, median", "mean", f"credited with more than {_FAR:g} times the truth"]
    return INTRO + table([*header, "worlds whose weights are not to be trusted"], lines).rstrip() + "\n"


_MEANS = ("score", "error", "far")
INTRO = """# Would a narrower prior of returns do better?

Made by `python benchmarks/prior_widths.py` from the fits of `make study-promises` (kinds of worlds that no default was
chosen on), weighted and not sampled again. Members of a mixture gain or lose weight as their draws do. Widths, scores
and errors are relative to the true return, where it is not positive to the mean size of the world's returns. Errors
behind ± are one standard error, by world.

"""


def _error(values: Floats, names: Floats) -> float:
    """Standard error of a mean, clustered by world."""
    sums = np.array([(values[names == name] - values.mean()).sum() for name in np.unique(names)])
    return float(np.sqrt((sums**2).sum()) / len(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studied", type=Path, default=Path(".mmm/studies/promises"), help="folder of the fits")
    parser.add_argument("--work", type=Path, default=Path(".mmm/studies/prior_widths"), help="folder of single results")
    parser.add_argument("--out", type=Path, default=Path("docs/studies"), help="folder of the page")
    arguments = parser.parse_args()
    rows = []
    for entry in promise_entries():
        if entry.part == "new kinds" and (arguments.studied / f"{entry.name}.json").is_file():
            rows.append(json.loads(json.dumps(result(entry, arguments.studied / "fits", arguments.work))))
            print(entry.name, flush=True)
    write_whole(arguments.out / "prior_widths.md", page(rows))


if __name__ == "__main__":
    main()
