"""The executed notebook: which chapters it shows, and what of it may be kept."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

from mmm.reporting.pages.parts import Chapter
from mmm.reporting.runs.story import CHAPTER_MIME

_PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)


def chapters_of(notebook: Any) -> list[Chapter]:
    """The chapters among the outputs, in order.

    Pictures, tables and texts that an analyst's own cells show are added below the chapter before them.
    """
    found: list[Chapter] = []
    extras: dict[int, list[str]] = {}
    for output in _outputs(notebook):
        data = output.get("data", {})
        if CHAPTER_MIME in data:
            found.append(Chapter.from_data(data[CHAPTER_MIME]))
        elif found:
            extras.setdefault(len(found) - 1, []).extend(_extra(data))
    return [_with(chapter, extras.get(i, [])) for i, chapter in enumerate(found)]


def _outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for output in cell.get("outputs", []):
                if output.output_type in ("display_data", "execute_result"):
                    yield output


def _extra(data: Any) -> list[str]:
    """The best of an output's forms as HTML; scripts are left out, they would not run in the report anyway."""
    for kind in _PICTURES:
        if kind in data:
            content = data[kind]
            if kind == "image/svg+xml":
                return [_SCRIPT.sub("", "".join(content))[max("".join(content).find("<svg"), 0) :]]
            text = "".join(content).replace("\n", "")
            return [f'<img src="data:{kind};base64,{escape(text)}" alt="">']
    if "text/html" in data:
        return [_SCRIPT.sub("", "".join(data["text/html"]))]
    if "text/plain" in data:
        return [f"<pre>{escape(''.join(data['text/plain']))}</pre>"]
    return []


def _with(chapter: Chapter, extras: list[str]) -> Chapter:
    if not extras:
        return chapter
    added = "".join(f'<div class="extra">{part}</div>' for part in extras)
    return replace(chapter, html=chapter.html + added)


def portable(notebook: Any, run: Path) -> Any:
    """The notebook without the absolute paths that papermill leaves in it; ``run`` becomes its own folder."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code" and "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace(str(run), ".")
    return notebook
