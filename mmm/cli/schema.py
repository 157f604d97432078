"""``mmm schema``: the JSON schemas of settings files and of results.json."""

import json
from pathlib import Path

import typer

from mmm.cli.output import plain
from mmm.files import write_whole
from mmm.reporting.content.results import results_schema
from mmm.settings import json_schema


def show_schema(out: Path | None, *, results: bool) -> None:
    """Print the schema, or write it to ``out``."""
    text = json.dumps(results_schema() if results else json_schema(), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(plain(f"Wrote {write_whole(out, text)}"))
