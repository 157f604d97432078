"""Worlds and fits that several tests share.

Whatever a test samples takes its settings from ``seeds.seeded`` (tests/inference/seeds.py), so that MMM_TEST_SEED=3
makes a whole run on other draws. A test asks for what holds for any of them: `make test-elsewhere` runs those that
sample with another seed and on the code paths of another processor.
"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from sharing import Shared

from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.fit import Fit, Member
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import Simulated, data_settings, demo_world, simulate
from mmm.simulate.world import World

# Shells start what runs in the background deaf to Ctrl-C, nohup to hang-ups, and children inherit it; tests interrupt
# them on purpose.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# What takes long on a machine with other work is no fault of what is tested.
hypothesis.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("busy")

LOOKBACK = 26
SHARED = Path(__file__).parents[2] / "shared" / "data"

# Files by their processor seconds, longest first: a long file that starts last keeps one worker waiting for the other.
LONGEST = (
    "test_interrupts.py",
    "inference/test_plain_model.py",
    "reports/test_many.py",
    "study/test_breadth_shown.py",
    "reports/test_notebooks.py",
    "reports/test_variants.py",
    "ltv/test_guide.py",
    "reports/test_short.py",
    "reports/test_rerun.py",
    "test_fuzz.py",
    "inference/test_engine_density.py",
    "reports/test_run.py",
    "inference/test_mixture.py",
    "reports/test_one_value.py",
    "test_execution.py",
    "planning/test_risk.py",
    "inference/test_engine_sampling.py",
    "reports/test_browser.py",
    "reports/test_pdf.py",
    "reports/test_access.py",
    "reports/test_portfolio.py",
    "test_cli.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.skip(
            f"the public data sets are not at {SHARED.parent.name}/{SHARED.name} beside this checkout; "
            "docs/public_data.md says where they come from."
        )
    return SHARED


@dataclass(frozen=True)
class Known:
    """A simulated world, its dataset, and a fit whose every draw is the truth of the media."""

    simulated: Simulated
    dataset: Dataset
    fit: Fit


def _small_world(geos: int) -> World:
    demo = demo_world(seed=11)
    return replace(demo, weeks=60, geos=tuple(sorted(demo.geos[:geos])), population=(demo.population or ())[:geos])


def _dataset(simulated: Simulated) -> Dataset:
    return from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))


def _truth_as_fit(simulated: Simulated, dataset: Dataset, draws: int = 4) -> Fit:
    """Posterior variables that hold the simulator's parameters; the baseline is a constant, only media are exact."""
    spec = make_spec(dataset, ModelSettings(lookback=f"{LOOKBACK} weeks"))
    mechanism = simulated.truth.mechanism
    shape = (1, draws)
    # The simulator and the model scale media differently; half-saturation is converted between the two.
    own_scale = mechanism.size[:, None] * mechanism.scale[None, :]
    ratio = own_scale / np.array(spec.media_scale)
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:1], ratio.shape))
    half = np.array([c.saturation.k for c in mechanism.channels]) * ratio[0]

    def repeated(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, (*shape, *np.shape(values)))

    geos, channels = list(spec.geos), list(spec.channel_names)
    knots = 1 + 3 + int(np.ceil(60 * 7 / spec.baseline.drift.spacing_days)) if spec.baseline.drift else 0
    posterior = xr.Dataset(
        {
            "adstock_alpha": (
                ("chain", "draw", "channel"),
                repeated(np.array([c.adstock.alpha for c in mechanism.channels])),
            ),
            "half_saturation": (("chain", "draw", "channel"), repeated(half)),
            "log_beta": (("chain", "draw", "geo", "channel"), repeated(np.log(mechanism.beta))),
            "intercept": (("chain", "draw", "geo"), repeated(np.full(len(geos), 0.8))),
            "trend": (("chain", "draw", "trend_term"), repeated(np.full(1, 0.02))),
            "seasonality": (("chain", "draw", "fourier"), repeated(np.full(6, 0.03))),
            "drift": (("chain", "draw", "knot"), repeated(np.linspace(-0.02, 0.02, knots))),
            "drift_sd": (("chain", "draw"), np.full(shape, 0.02)),
            "control": (("chain", "draw", "control_name"), repeated(np.full(len(spec.controls), -0.01))),
            "sigma": (("chain", "draw"), np.full(shape, 0.02)),
        },
        coords={"geo": geos, "channel": channels},
    )
    stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros(shape, dtype=bool))})
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    return Fit(dataset, (Member(spec, tree, "truth", "none"),), seed=1, key="truth")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Shared:
    """Folders that all files of this run share."""
    base = tmp_path_factory.getbasetemp()
    return Shared((base if worker_id == "master" else base.parent) / "shared")


@pytest.fixture(scope="session")
def small_world() -> Callable[[int], World]:
    """A function from a number of geos to a world like the demo with 60 weeks."""
    return _small_world


@pytest.fixture(scope="session")
def dataset_of() -> Callable[[Simulated], Dataset]:
    return _dataset


@pytest.fixture(scope="session", params=[1, 3], ids=["national", "three_geos"])
def known(request: pytest.FixtureRequest) -> Known:
    simulated = simulate(_small_world(request.param))
    dataset = _dataset(simulated)
    return Known(simulated, dataset, _truth_as_fit(simulated, dataset))


def _needed(found: bool, what: str, package: str) -> None:
    """Skips where a system package is missing; under CI=true that is a failure."""
    if found:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and under CI=true no test may skip for it. Install {package}.")
    pytest.skip(f"{what} is missing. On Debian: apt-get install {package}")


@pytest.fixture(scope="session")
def needs_pdf() -> None:
    """Pango, which WeasyPrint takes from the system."""
    try:
        import weasyprint  # noqa: F401
    except OSError:
        _needed(False, "Pango", "libpangoft2-1.0-0 libharfbuzz-subset0")


@pytest.fixture(scope="session")
def needs_poppler() -> None:
    """pdftotext, pdffonts and pdfinfo."""
    _needed(shutil.which("pdftotext") is not None, "pdftotext", "poppler-utils")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, without a sandbox as tests may run as root."""
    path = shutil.which("chromium")
    _needed(path is not None, "Chromium", "chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield launched
        launched.close()
