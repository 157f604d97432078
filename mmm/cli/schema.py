"""``mmm schema``: the JSON schema of settings files."""

import json
from pathlib import Path

import typer

from mmm.settings import json_schema


def show_schema(out: Path | None) -> None:
    """Print the schema, or write it to ``out``."""
    text = json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"Wrote {out}")
