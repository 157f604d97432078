"""Does the fast engine start, sample without divergences and get judged rightly, on 60 worlds that make it hard?

Three sizes, media that run apart or together (a common course behind nine tenths of every channel's spend), strong and
weak signal (noise of 2% and 20% of the outcome), five draws each of parameters from the prior. The gate's verdicts on
sampling are compared with its definition, computed here from ArviZ's own functions.

    python benchmarks/robustness.py        # resumes; writes docs/studies/robustness.json
"""

import argparse
import itertools
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import arviz
import numpy as np
import xarray as xr
from sbc import Case as Panel
from sbc import base, stacked, with_outcome

from mmm.assessment.checks import sampler_checks
from mmm.assessment.settings import GateSettings
from mmm.data.dataset import Dataset
from mmm.errors import FitError
from mmm.inference.engine import prior
from mmm.inference.sample import fit_model
from mmm.inference.settings import SamplerSettings
from mmm.model.draws import expected_outcome
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec

SIZES = {"national short": (60, 1, 3), "national": (156, 1, 6), "five geos": (104, 5, 4)}
TOGETHER = {"apart": 0.0, "together": 0.9}
NOISE = {"strong": 0.02, "weak": 0.2}
SAMPLER = SamplerSettings()


@dataclass(frozen=True)
class Case:
    size: str
    media: str
    signal: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.size}/{self.media}/{self.signal}/{self.seed}"


def cases() -> list[Case]:
    return [Case(*c) for c in itertools.product(SIZES, TOGETHER, NOISE, range(1, 6))]


def together(dataset: Dataset, share: float) -> Dataset:
    """The dataset with ``share`` of every channel's spend and media following one common course."""
    data = dataset.data.copy()
    for name in ("spend", "media"):
        values = data[name].values
        common = (values / values.mean(axis=0).clip(1e-9)).mean(axis=2, keepdims=True)
        data[name] = (data[name].dims, (1 - share) * values + share * common * values.mean(axis=0))
    return replace(dataset, data=data)


def world(case: Case) -> Dataset:
    """A panel whose outcome the model made from a draw of its prior."""
    weeks, geos, channels = SIZES[case.size]
    dataset, _ = base(Panel(geos=geos), weeks=weeks, channels=channels, seed=case.seed)
    dataset = together(dataset, TOGETHER[case.media])
    spec = make_spec(dataset, ModelSettings())
    truth = stacked(prior(spec, dataset, count=1, seed=case.seed)["prior"].to_dataset())
    mean = expected_outcome(spec, truth, dataset, slice(0, len(dataset.dates)), case.seed)[0]
    noise = np.random.default_rng(case.seed).standard_normal(mean.shape)
    outcome = mean + NOISE[case.signal] * np.abs(mean).mean(axis=0) * noise
    # The data checks ask for a positive mean in every geo; a prior draw with a negative baseline is lifted.
    return with_outcome(dataset, outcome + np.maximum(0.0, 0.1 - outcome.mean(axis=0)))


def definition(tree: xr.DataTree) -> dict[str, str]:
    """The gate's verdicts as DESIGN states them: R-hat 1.01, ESS 400, E-BFMI 0.3, divergences none or up to 0.1%."""
    posterior = tree["posterior"].to_dataset()
    posterior = posterior[[n for n in posterior if float(posterior[n].std()) > 0]]
    diverging = tree["sample_stats"]["diverging"].values
    energy = tree["sample_stats"]["energy"].values
    e_bfmi = (np.diff(energy, axis=1) ** 2).mean(axis=1) / energy.var(axis=1)

    def worst(found: xr.Dataset, how: str) -> float:
        return float(getattr(found.to_array(), how)())

    fail = {True: "pass", False: "fail"}
    share = diverging.mean()
    return {
        "r_hat": fail[worst(arviz.rhat(posterior), "max") <= 1.01],
        "ess_bulk": fail[worst(arviz.ess(posterior), "min") >= 400],
        "ess_tail": fail[worst(arviz.ess(posterior, method="tail"), "min") >= 400],
        "divergences": "pass" if share == 0 else "warn" if share <= 0.001 else "fail",
        "e_bfmi": fail[bool((e_bfmi >= 0.3).all())],
    }


def run(case: Case) -> dict[str, object]:
    """One fit: what the sampler did, the gate's verdicts, and whether they are those of its definition."""
    dataset = world(case)
    started = time.process_time()
    said: list[str] = []
    try:
        tree = fit_model(dataset, make_spec(dataset, ModelSettings()), SAMPLER, report=said.append).main.tree
    except FitError as error:
        return asdict(case) | {"started": False, "error": str(error)}
    used = time.process_time() - started
    stats = tree["sample_stats"].to_dataset()
    posterior = tree["posterior"].to_dataset()
    found = {check.name: check.status for check in sampler_checks(tree, GateSettings())}
    wanted = definition(tree)
    return asdict(case) | {
        "started": True,
        "finite": bool(all(np.isfinite(posterior[n]).all() for n in posterior)),
        "sampled_again": [line for line in said if line.startswith(("Sampled again", "As many draws again"))],
        "divergences": int(stats["diverging"].sum()),
        "rhat": round(float(arviz.rhat(posterior).to_array().max()), 4),
        "ess": round(float(arviz.ess(posterior).to_array().min()), 1),
        "gradients_per_draw": round(float(stats["n_steps"].mean()), 1),
        "processor_seconds": round(used, 2),
        "gate": found,
        "gate_differs": {
            name: [found.get(name), status] for name, status in wanted.items() if found.get(name) != status
        },
    }


def summary(results: list[dict[str, object]]) -> dict[str, object]:
    """The three promises, counted."""
    done = [r for r in results if r["started"]]
    return {
        "fits": len(results),
        "failed_starts": len(results) - len(done),
        "not_finite": sum(not r["finite"] for r in done),
        "fits_sampled_again": sum(bool(r["sampled_again"]) for r in done),
        "fits_with_divergences": sum(bool(r["divergences"]) for r in done),
        "divergences": sum(int(str(r["divergences"])) for r in done),
        "draws_per_fit": SAMPLER.draws * SAMPLER.chains,
        "gate_differs_from_its_definition": sum(bool(r["gate_differs"]) for r in done),
        "gate_passes_sampling": sum("fail" not in dict(r["gate"]).values() for r in done),  # type: ignore[call-overload]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/studies/robustness.json"))
    out = parser.parse_args().out
    done = json.loads(out.read_text(encoding="utf-8"))["results"] if out.exists() else {}
    for case in cases():
        if case.name not in done:
            done[case.name] = run(case)
            print(case.name, {k: v for k, v in done[case.name].items() if k not in asdict(case)}, flush=True)
        document = {"summary": summary(list(done.values())), "results": done}
        out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(document["summary"], indent=1))


if __name__ == "__main__":
    main()
