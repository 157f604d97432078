"""All tests of the settings, read one after the other, and the evidence that follows from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any

import pandas as pd

from mmm.data.dataset import Dataset
from mmm.errors import DataError
from mmm.experiments.evidence import COLUMNS, as_experiment, evidence_row, geos_of
from mmm.experiments.panel import GeoPanel
from mmm.experiments.readout import Readout, read_out
from mmm.experiments.settings import DeskSettings
from mmm.experiments.source import GeoTest, posed_test


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

    Raises DataError for the first one that cannot be read, with the reason, and for two that disturb each other.
    """
    readouts, rows = [], []
    posed = [posed_test(test, base, currency, dataset) for test in desk.readouts]
    _require_apart(posed)
    for test, (panel, run) in zip(desk.readouts, posed, strict=True):
        say(f"Reading '{test.name}': {len(run.treated)} treated regions, {len(panel.regions)} in all.")
        readouts.append(read_out(panel, run, desk.method))
        rows.append(evidence_row(readouts[-1], geos_of(readouts[-1], dataset, test.geos)))
    return TestsRead(tuple(readouts), tuple(rows))


def _require_apart(posed: Sequence[tuple[GeoPanel, GeoTest]]) -> None:
    """Raise DataError where a region of one test is treated, or a control, in another that is read at the same time."""
    for (panel, one), (beside, other) in permutations(posed, 2):
        ends = [(p.dates[t.span.start], p.dates[t.span.stop - 1]) for p, t in ((panel, one), (beside, other))]
        if ends[0][0] > ends[1][1] or ends[1][0] > ends[0][1]:
            continue
        shared = sorted(set(one.treated) & set(panel.regions) & set(other.treated))
        if shared:
            raise DataError(
                f"Tests '{one.name}' and '{other.name}' both change spend in '{shared[0]}' at the same time, so that "
                "neither can be read alone. Correct regions or dates, or give them as one test."
            )
        controls = sorted(set(other.treated) & set(panel.regions))
        if controls:
            raise DataError(
                f"Test '{one.name}': its control '{controls[0]}' is treated by test '{other.name}' at the same time. "
                f"List it under excluded of '{one.name}'."
            )
