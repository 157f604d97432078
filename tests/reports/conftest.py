"""Reports that several tests look at: made once, without sampling."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import synthetic
from sharing import Shared

from mmm.reporting.runs.run import Report, run_report
from mmm.reporting.runs.story import Story, tell
from mmm.settings import Settings

HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|'/c calc'!A1",
    'a "quoted" & very long channel name of some sixty letters',
)


@pytest.fixture(scope="session")
def make_settings(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Settings]:
    """Settings of a synthetic analysis whose fits are already in its store; arguments are those of ``Case``.

    Whatever is asked of the same data and fits is asked of one folder, whoever asks; the settings' base is their own.
    """

    def make(**case: Any) -> Settings:
        asked = synthetic.Case(**case)
        basis = synthetic.basis_of(asked)
        folder = shared.folder(f"case {basis}", lambda folder: synthetic.prepare(basis, folder))
        return synthetic.settings_of(asked, folder, tmp_path_factory.mktemp("base"))

    return make


@pytest.fixture(scope="session")
def make_story(make_settings: Callable[..., Settings]) -> Callable[..., Story]:
    """The results of a synthetic analysis, in this process and without the notebook."""
    return lambda **case: tell(make_settings(**case))


@pytest.fixture(scope="session")
def story(make_story: Callable[..., Story]) -> Story:
    """A small analysis with ordinary names."""
    return make_story()


@pytest.fixture(scope="session")
def report(make_settings: Callable[..., Settings], shared: Shared) -> Report:
    """A whole run, notebook, HTML and PDF included, of an analysis with hostile channel names."""
    asked = {"figures": True, "organisation": "Shop <b>Ltd</b>"}
    settings = make_settings(channels=HOSTILE, settings={"report": asked})

    def run(folder: Path) -> None:
        made = run_report(settings, out=folder / "out", progress=False)
        (folder / "report.pickle").write_bytes(pickle.dumps(made))

    made: Report = pickle.loads((shared.folder("report", run) / "report.pickle").read_bytes())  # noqa: S301  # our own
    return made
