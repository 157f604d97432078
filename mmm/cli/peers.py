"""``mmm import``: settings from what other tools keep of a model, with an account of what was not carried over."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import typer

from mmm.cli.init import demand_free, write_settings
from mmm.cli.output import plain, say, table, write_table
from mmm.data.calendar import parse_periods
from mmm.data.csv_settings import CsvSettings
from mmm.data.read import read_file
from mmm.errors import DataError, SettingsError
from mmm.files import write_whole
from mmm.reporting.content.from_fit import notation
from mmm.reporting.runs.beside_page import Beside, beside, page
from mmm.reporting.runs.inputs import checked_request
from mmm.scratch import discard, scratch_folder
from mmm.settings import Settings, load_dataset, load_settings, read_parameters
from mmm.starting.peers.handed import to_meridian, to_pymc_marketing
from mmm.starting.peers.imported import LEVELS, OWN_INTERVAL, Imported, Theirs
from mmm.starting.peers.meridian import import_meridian
from mmm.starting.peers.pymc_marketing import import_pymc_marketing
from mmm.starting.peers.pymc_marketing import read_model as read_fitted
from mmm.starting.peers.robyn import import_robyn, raw_data, read_model
from mmm.starting.proposal import propose
from mmm.starting.sight import see
from mmm.starting.start import relative
from mmm.suggest import suggestion
from mmm.tables import csv_text
from mmm.workflow import analysed, judged

_TOOLS = ("meridian", "pymc-marketing", "arviz")
_THEIRS = ("channel", "share", "roas", "low", "high")


@dataclass(frozen=True)
class Importing:
    """The arguments of ``mmm import``."""

    file: Path
    data: Path | None
    out: Path | None
    force: bool
    currency: str | None


def show_robyn(asked: Importing) -> None:
    """Write settings for Robyn's model, its results as theirs.csv, and say what was not carried over.

    Raises SettingsError for a file that is none of Robyn's or without data, DataError where the data do not fit it.
    """
    out = asked.out or Path(f"{_name(asked.file)}.yaml")
    document = read_model(asked.file)
    frame, source = _robyn_data(asked, document, out)
    found = import_robyn(document, frame, source, _name(asked.file), asked.currency or "USD")
    if asked.currency is None:
        found.notes.append("Robyn's model names no currency; USD is a guess that changes names and signs only.")
    _tell(found, out, asked.force)


def show_meridian(asked: Importing, kind: str | None = None) -> None:
    """Write settings for a table in Meridian's layout, with Meridian's default priors; ``kind`` is the outcome's."""
    out = asked.out or Path(f"{_name(asked.file)}.yaml")
    sight = see(asked.file)
    given = {"currency": asked.currency, "kind": kind}
    answers = {key: value for key, value in given.items() if value is not None}
    proposal = propose(sight, relative(asked.file, out.parent), _name(asked.file), answers)
    _tell(import_meridian(sight, proposal), out, asked.force)


def show_pymc_marketing(asked: Importing) -> None:
    """Write settings for a fitted model of PyMC-Marketing's, its data and its results, and say what was lost.

    Raises SettingsError for a file that is none of its models, or holds no fit.
    """
    out = asked.out or Path(f"{_name(asked.file)}.yaml")
    model = read_fitted(asked.file)
    path = _kept(asked, out, model.frame)
    found = import_pymc_marketing(model, path.name, _name(asked.file), asked.currency or "USD")
    if asked.currency is None:
        found.notes.append("The model names no currency; USD is a guess that changes names and signs only.")
    _tell(found, out, asked.force)


def show_export(tool: str, config: Path, parameters: list[str], out: Path) -> None:
    """Write the table and the code of another tool into ``out``. Raises SettingsError for a tool that is not known."""
    if tool not in _TOOLS:
        raise SettingsError(f"'{tool}' is no tool that data are handed to. {suggestion(tool, _TOOLS)}")
    settings = load_settings(config, read_parameters(parameters))
    if tool == "arviz":
        _posterior(settings, out)
        return
    dataset = load_dataset(settings)
    if tool == "meridian":
        made = to_meridian(dataset)
    else:
        lookback = parse_periods(settings.model.lookback, dataset.frequency)
        made = to_pymc_marketing(dataset, lookback, settings.model.baseline.seasonality_order)
    name = tool.replace("-", "_")
    typer.echo(plain(str(write_table(out / f"{name}.csv", made.frame))))
    typer.echo(plain(str(write_whole(out / f"read_{name}.py", made.code))))
    for lost in made.lost:
        say(f"Not handed over: {lost}.")


def _posterior(settings: Settings, out: Path) -> None:
    """The fit, from the store or sampled, as ArviZ's tree in a NetCDF file and a Zarr folder."""
    from mmm.inference.posterior import for_files, posterior_tree

    found = judged(checked_request(settings), progress=True, say=say)
    tree = for_files(posterior_tree(found.fit))
    with scratch_folder(out / "posterior") as made:
        tree.to_netcdf(made / "posterior.nc", engine="h5netcdf")
        tree.to_zarr(made / "posterior.zarr", mode="w", zarr_format=2)
        discard(out / "posterior.zarr")
        for name in ("posterior.nc", "posterior.zarr"):
            typer.echo(plain(str((made / name).replace(out / name))))
    say(found.gate.summary)


def show_compare(config: Path, theirs: Path, parameters: list[str], out: Path) -> None:
    """Write compare.csv and compare.html. Raises DataError for a table that is none of `mmm import`'s."""
    settings = load_settings(config, read_parameters(parameters))
    given = read_file(theirs, CsvSettings(), "THEIRS").frame
    lacking = [name for name in _THEIRS if name not in given.columns]
    if lacking:
        raise DataError(f"'{theirs}' has no column '{lacking[0]}'. Give the *_theirs.csv that `mmm import` writes.")
    request = checked_request(settings)
    found = judged(request, progress=True, say=say)
    analysis = analysed(found.fit, request.store)
    window = found.fit.window
    made = beside(given, analysis, window.stop - window.start)
    if made.empty:
        raise DataError(f"'{theirs}' names no channel of '{config}'. Rename its column 'channel' as the settings do.")
    told = {"tool": "the other tool", "interval": OWN_INTERVAL}
    tool, interval = (str(given[key].iloc[0]) if key in given.columns else told[key] for key in told)
    fmt = replace(notation(settings, request.dataset), labels={})
    page_of = Beside(made, settings.title or settings.name, tool, interval)
    typer.echo(plain(str(write_table(out / "compare.csv", made))))
    typer.echo(plain(str(write_whole(out / "compare.html", page(page_of, fmt, settings.report)))))
    rows = [
        (x["channel"], f"{x['share']:.1%}", f"{x['our_share']:.1%}", _ends(x, ""), _ends(x, "our_"))
        for x in made.to_dict("records")
    ]
    heads = ["channel", f"share, {tool}", "share, ours", f"ROAS, {tool}", "ROAS, ours"]
    table(f"{tool} beside this model; {tool}: {interval}, ours: {OWN_INTERVAL}", heads, rows, right=heads[1:])
    say(found.gate.summary)


def _ends(row: dict[Any, Any], who: str) -> str:
    return f"{row[f'{who}roas']:.2f} ({row[f'{who}low']:.2f} to {row[f'{who}high']:.2f})"


def _name(path: Path) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in path.name.split(".")[0]).strip("_") or "imported"


def _robyn_data(asked: Importing, document: dict[str, object], out: Path) -> tuple[pd.DataFrame, str]:
    """The data that the model was fitted on: those named, else those within the file, which are then kept as CSV."""
    if asked.data is not None:
        return read_file(asked.data, CsvSettings(), "--data").frame, relative(asked.data, out.parent)
    frame = raw_data(document)
    if frame is None:
        raise SettingsError(f"'{asked.file}' holds no data (Extras.raw_data). Name the table it was fitted on: --data.")
    return frame, _kept(asked, out, frame).name


def _kept(asked: Importing, out: Path, frame: pd.DataFrame) -> Path:
    """The data within the file as CSV beside the settings; neither replaces what is there unasked."""
    path = out.parent / f"{_name(asked.file)}.csv"
    for made in (out, path):
        demand_free(made, asked.force)
    say(f"The data within the file are kept in {path}.")
    return write_whole(path, csv_text(frame))


def _tell(found: Imported, out: Path, force: bool) -> None:
    columns = [found.tool, "here", "", "why"]
    table("What was carried over", columns, [(i.theirs, i.ours, i.how, i.why) for i in found.items])
    if found.theirs:
        frame = pd.DataFrame([t[:5] for t in found.theirs], columns=list(Theirs._fields[:5]))
        for place, level in enumerate(LEVELS if any(t.steady for t in found.theirs) else ()):
            frame[f"won_at_{level:g}"] = [t.steady[place] if t.steady else None for t in found.theirs]
        frame["tool"], frame["interval"] = found.tool, found.interval
        shown = [(t.channel, f"{t.share:.1f}%", f"{t.roas:.2f}", f"{t.low:.2f} to {t.high:.2f}") for t in found.theirs]
        table(f"{found.tool}'s results", ["channel", "share", "ROAS", found.interval], shown, right=["share", "ROAS"])
        typer.echo(plain(str(write_table(out.with_name(f"{out.stem}_theirs.csv"), frame))))
    write_settings(found.document, found.comments, found.notes, {}, out, force)
