"""``mmm schema``: the JSON schemas of settings files, of results.json, monitor.json and plan.json."""

import json
from pathlib import Path
from typing import Literal

import typer

from mmm.cli.output import plain
from mmm.files import write_whole
from mmm.monitoring.state import state_schema
from mmm.register.export import exported_schema
from mmm.reporting.content.results import results_schema
from mmm.settings import json_schema

Document = Literal["settings", "results", "monitor", "plan"]
_SCHEMAS = {"settings": json_schema, "results": results_schema, "monitor": state_schema, "plan": exported_schema}


def show_schema(out: Path | None, document: Document) -> None:
    """Print the schema of a document, or write it to ``out``."""
    text = json.dumps(_SCHEMAS[document](), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(plain(f"Wrote {write_whole(out, text)}"))
