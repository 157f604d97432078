"""``mmm backtest``: earlier refreshes made again, and what came after them."""

from pathlib import Path

import pandas as pd
import typer

from mmm.assessment.backtest import Backtest
from mmm.cli.output import plain, say, table
from mmm.digits import amount
from mmm.errors import DataError, FitError
from mmm.execution import Cluster, Here, Place, Workers
from mmm.files import write_whole
from mmm.reporting.runs.inputs import checked_request
from mmm.settings import load_settings, read_parameters
from mmm.tables import csv_text
from mmm.workflow import backtested


def show_backtest(config: Path, parameters: list[str], out: Path, where: str | int) -> None:
    """Make the refreshes, print their scores, and write them as CSV below ``out``.

    ``where`` is the address of a cluster, or a number of worker processes. Raises what
    :func:`mmm.workflow.backtested` raises, and FitError where a cluster cannot be reached.
    """
    settings = load_settings(config, read_parameters(parameters))
    request = checked_request(settings)
    place: Place = Cluster(where) if isinstance(where, str) else Workers(where) if where else Here()
    try:
        made = backtested(request, place, say)
    except ConnectionError as error:
        raise FitError(f"{error} Start the cluster, or leave --cluster out.") from error
    show_scores(made)
    folder = out / settings.name / "backtest"
    for name, frame in {"forecasts": made.forecasts, "returns": made.returns}.items():
        typer.echo(plain(str(_write(folder / f"{name}.csv", frame))))


def show_scores(made: Backtest) -> None:
    """Print coverage, CRPS and skill by periods ahead, and the drift of each channel's return."""
    rows = [
        (
            str(label),
            f"{r['periods']:.0f}",
            f"{r['coverage']:.0%}",
            amount(float(r["crps"])),
            f"{r['skill_without']:+.0%}",
            f"{r['skill_naive']:+.0%}",
        )
        for label, r in made.by_step().iterrows()
    ]
    columns = ["periods ahead", "forecasts", "in 90% interval", "CRPS", "better than no media", "than last year"]
    table("Did the forecasts hold?", columns, rows, right=columns[1:])
    drift = [
        (str(name), f"{r['refreshes']:.0f}", f"{r['rms']:.1f}", f"{r['largest']:.1f}", f"{r['kept']:.0%}")
        for name, r in made.drift().iterrows()
    ]
    columns = ["channel", "refreshes", "typical shift (sd)", "largest shift (sd)", "stayed in the interval before"]
    table("Did the returns stay?", columns, drift, right=columns[1:])


def _write(path: Path, frame: pd.DataFrame) -> Path:
    try:
        return write_whole(path, csv_text(frame))
    except OSError as error:
        raise DataError(f"'{path}' cannot be written ({error.strerror}). Choose another folder with --out.") from error
