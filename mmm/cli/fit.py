"""``mmm fit``: sample the posterior, or find it in the store, and say whether it may be found."""

from collections.abc import Sequence
from pathlib import Path

import typer

from mmm.assessment.gate import GateReport, demand_pass
from mmm.assessment.lights import Light, lights
from mmm.assessment.settings import GateSettings
from mmm.cli.output import plain, say, table
from mmm.reporting.runs.inputs import checked_request
from mmm.settings import load_settings, read_parameters
from mmm.workflow import judged
from mmm.workflow.judging import FITTING


def show_fit(config: Path, parameters: list[str]) -> None:
    """Fit, print the gate, and raise GateError where it failed and the settings do not override it."""
    settings = load_settings(config, read_parameters(parameters))
    request = checked_request(settings)
    say(FITTING)
    found = judged(request, progress=True, say=say)
    show_gate(found.gate, settings.gate)
    show_lights(lights(found.gate.checks, found.fit.spec.channel_names))
    store, here = Path(request.store), Path.cwd()
    store = store.relative_to(here) if store.is_relative_to(here) else store
    typer.echo(plain(f"Stored in {store / found.fit.key}"))
    demand_pass(found.gate, settings.gate)


def show_preview(config: Path, parameters: list[str]) -> None:
    """Print the effects of a preview under its label; nothing is stored, and no gate is asked."""
    from mmm.inference.preview import preview

    settings = load_settings(config, read_parameters(parameters))
    request = checked_request(settings)
    mixture = request.beliefs.mixture(request.dataset)
    made = preview(request.dataset, mixture.members[0].spec, mixture.evidence, seed=settings.sampler.seed)
    name = made.spec.effect_kind
    rows = [
        (f"{channel}", f"{row[name]:.3g}", f"{row[f'{name}_lower']:.3g} to {row[f'{name}_upper']:.3g}")
        for channel, row in made.effects.iterrows()
    ]
    table(made.label, ["channel", f"{name} (preview)", "90% interval (preview)"], rows, right=[f"{name} (preview)"])
    say(f"Preview of the model '{mixture.members[0].name}' in {made.seconds:.1f} s. For a fit leave out --preview.")


def show_gate(report: GateReport, settings: GateSettings) -> None:
    """Print every check with its status, and the advice that no GateError is going to give."""
    rows = [(check.status, check.said, check.summary, check.threshold) for check in report.checks]
    table("Can the model be believed?", ["status", "check", "found", "rule"], rows)
    for check in report.checks:
        if check.advice and (check.status != "fail" or settings.override):
            typer.echo(plain(f"{check.said}: {check.advice}"))
    typer.echo(plain(report.summary))


def show_lights(found: Sequence[Light]) -> None:
    """Print the light of every channel, and why."""
    rows = [(light.colour, light.channel, "; ".join(check.said for check in light.reasons)) for light in found]
    table("Which returns can be relied on?", ["light", "channel", "why"], rows)
