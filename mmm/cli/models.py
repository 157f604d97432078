"""``mmm models``: models of one outcome side by side, as tables and a page."""

from pathlib import Path

import typer

from mmm.cli.output import plain, say, table, write_table
from mmm.digits import amount, interval
from mmm.errors import ReportError
from mmm.files import write_whole
from mmm.projects import reports
from mmm.reporting.content.from_fit import notation
from mmm.reporting.runs.inputs import checked_request
from mmm.reporting.runs.models_page import PAGE, models_page, returns_words, verdict_words
from mmm.settings import load_settings, read_parameters
from mmm.settings.request import compared_by
from mmm.workflow.comparing import models_compared


def show_models(config: Path, parameters: list[str], out: Path | None) -> None:
    """Fit the models of ``comparison``, print how they predict and what they say, and write page and tables."""
    settings = load_settings(config, read_parameters(parameters))
    asked = compared_by(settings)
    requests = {name: checked_request(own) for name, own in asked.items()}
    ahead = settings.comparison is not None and settings.comparison.ahead
    found = models_compared(requests, ahead=ahead, progress=True, say=say)
    rows = []
    for line in found.table.reset_index().to_dict("records"):
        behind = "best" if line["behind"] == 0 else f"{line['behind']:.1f} ± {line['behind_error']:.1f}"
        worse = "best" if line["worse"] == 0 else f"{amount(line['worse'])} ± {amount(line['worse_error'])}"
        crps = [amount(line["crps"]), worse, f"{line['coverage']:.0%}"] if ahead else []
        elpd = f"{line['elpd']:.1f} ± {line['elpd_error']:.1f}"
        rows.append((str(line["model"]), elpd, behind, f"{line['weight']:.0%}", f"{line['unsure']:.0f}", *crps))
    heads = ["model", "log density left out", "behind", "stacking", "k > 0.7"]
    heads += ["CRPS ahead", "worse by", "in 90% interval"] if ahead else []
    table("How well does each predict? (± one standard error)", heads, rows, right=heads[1:])
    by_channel = [
        (str(channel), str(r["model"]), interval(r["roas"], r["roas_lower"], r["roas_upper"]))
        for channel, part in found.returns.groupby("channel", sort=False)
        for r in part.to_dict("records")
    ]
    table("What does each say? (90% intervals)", ["channel", "model", "return"], by_channel, right=["return"])
    dataset = next(iter(requests.values())).dataset
    typer.echo(plain(" ".join(verdict_words(found))))
    typer.echo(plain(returns_words(found, notation(settings, dataset))))
    folder = out or reports() / settings.name / "models"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page = write_whole(folder / PAGE, models_page(found, settings, dataset))
        write_table(folder / "models.csv", found.table)
        write_table(folder / "returns.csv", found.returns)
    except OSError as error:
        raise ReportError(f"'{folder}' cannot be written ({error.strerror}). Choose another with --out.") from error
    say(f"Wrote {page}, models.csv and returns.csv.")
