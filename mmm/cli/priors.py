"""``mmm priors``: what is believed before the data, as a table and a page; or what a fit learned, as a file."""

from pathlib import Path

import typer

from mmm.analysis.prior import as_priors, prior_predictive
from mmm.cli.output import plain, say, table, write_table
from mmm.errors import ReportError
from mmm.files import write_whole
from mmm.projects import reports
from mmm.reporting.content.from_fit import notation
from mmm.reporting.runs.inputs import checked_request
from mmm.reporting.runs.priors_page import PAGE, priors_page
from mmm.reporting.sentences.priors import absurd_words, ends_words, lead_words, unit_words
from mmm.settings import load_settings, read_parameters
from mmm.workflow.fitting import fitted


def show_priors(config: Path, parameters: list[str], out: Path | None, draws: int) -> None:
    """Draw the priors, print them by parameter, say what is absurd, and write the page and the table."""
    settings = load_settings(config, read_parameters(parameters))
    request = checked_request(settings)
    seed = settings.sampler.seed
    found = prior_predictive(request.dataset, request.beliefs.mixture(request.dataset), draws=draws, seed=seed)
    fmt = notation(settings, request.dataset)
    rows = []
    for row in found.parameters.to_dict("records"):
        unit, name = str(row["unit"]), str(row["name"])
        lower, upper = ends_words(unit, float(row["lower"]), float(row["upper"]), fmt)
        rows.append((name, row["meaning"], lower, upper, unit_words(unit, name, found, fmt)))
    table("90% of what is believed lies between", ["of", "what", "from", "to", "unit"], rows, right=["from", "to"])
    typer.echo(plain(lead_words(found, fmt)))
    for one in found.absurd:
        typer.echo(plain("Warning: " + " ".join(absurd_words(one, fmt))))
    folder = out or reports() / settings.name / "priors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page = write_whole(folder / PAGE, priors_page(found, settings))
        write_table(folder / "priors.csv", found.parameters)
    except OSError as error:
        raise ReportError(f"'{folder}' cannot be written ({error.strerror}). Choose another with --out.") from error
    say(f"Wrote {page} and priors.csv beside it.")


def write_learned(config: Path, parameters: list[str], file: Path) -> None:
    """Write what the fit of these settings learned as a table that ``model.priors_from`` reads."""
    settings = load_settings(config, read_parameters(parameters))
    fit = fitted(checked_request(settings), progress=True, say=say)
    say(f"Wrote {write_table(file, as_priors(fit))}. Name it in model.priors_from.source of the next analysis.")
