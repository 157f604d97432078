"""A preview says what it is wherever it shows, is near the fit, and passes for a fit nowhere."""

from pathlib import Path

import engine_cases as cases
import numpy as np
import pytest
from typer.testing import CliRunner

from mmm.analysis import analyse
from mmm.assessment.gate import gate
from mmm.assessment.settings import GateSettings
from mmm.cli import app
from mmm.errors import FitError
from mmm.inference.preview import Preview, preview
from mmm.model.spec import make_spec
from mmm.planning import plan

DEMO = Path(__file__).resolve().parents[2] / "configs" / "demo.yaml"


@pytest.fixture(scope="module")
def made() -> Preview:
    data = cases.dataset("geo")
    return preview(data, make_spec(data, cases.settings()), count=200, seed=1)


def test_it_is_labelled_wherever_it_shows(made: Preview) -> None:
    assert made.label.startswith("PREVIEW, not a fit")
    for shown in (repr(made), made._repr_html_(), made.effects.attrs["label"]):
        assert made.label in shown


def test_effects_are_quantiles_of_its_draws(made: Preview) -> None:
    draws = made.posterior["roas"].values[0]
    assert draws.shape == (200, 5)
    np.testing.assert_allclose(made.effects["roas_upper"], np.quantile(draws, 0.95, axis=0))


def test_nothing_may_be_decided_on_it(made: Preview) -> None:
    for use in (lambda: gate(made, GateSettings()), lambda: plan(made), lambda: analyse(made)):
        with pytest.raises(FitError, match=r"not a fit.*need a fit"):
            use()


def test_command_line_shows_it_under_its_label_and_stores_nothing(tmp_path: Path) -> None:
    store = tmp_path / "fits"
    arguments = ["fit", str(DEMO), "--preview", "-p", f"sampler.store={store}"]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "PREVIEW, not a fit" in result.stdout
    assert "roas (preview)" in result.stdout
    assert not store.exists()
