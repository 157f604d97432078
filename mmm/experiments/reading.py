"""All tests of the settings, read one after the other, and the evidence that follows from them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mmm.data.dataset import Dataset
from mmm.experiments.evidence import COLUMNS, as_experiment, evidence_row, geos_of
from mmm.experiments.readout import Readout, read_out
from mmm.experiments.settings import DeskSettings
from mmm.experiments.source import posed_test


@dataclass(frozen=True)
class TestsRead:
    """What tests said: ``readouts`` in the order of the settings, ``rows`` of evidence, one each."""

    readouts: tuple[Readout, ...] = field(repr=False)
    rows: tuple[dict[str, str | float], ...] = field(repr=False)

    @property
    def evidence(self) -> pd.DataFrame:
        """The rows as the table that ``experiments.source`` takes."""
        return pd.DataFrame(self.rows, columns=list(COLUMNS))

    @property
    def section(self) -> dict[str, Any]:
        """The section ``experiments`` for the next fit: ``mmm.fit(dataset, settings, experiments=read.section)``.

        It takes the place of the settings' own, which may name a file with the same tests.
        """
        return {"tests": [as_experiment(row).model_dump(mode="json") for row in self.rows], "source": None}


def read_tests(
    desk: DeskSettings, dataset: Dataset | None, base: Path, currency: str, say: Callable[[str], None] = lambda _: None
) -> TestsRead:
    """Read every test of ``desk``, from panels of their own (relative to ``base``) or from ``dataset``.

    Raises DataError for the first one that cannot be read, with the reason.
    """
    readouts, rows = [], []
    for test in desk.readouts:
        panel, run = posed_test(test, base, currency, dataset)
        say(f"Reading '{test.name}': {len(run.treated)} treated regions, {len(panel.regions)} in all.")
        readouts.append(read_out(panel, run, desk.method))
        rows.append(evidence_row(readouts[-1], geos_of(readouts[-1], dataset, test.geos)))
    return TestsRead(tuple(readouts), tuple(rows))
