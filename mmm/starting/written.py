"""A settings document as a commented file."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmm.data.problems import yaml_text
from mmm.settings.text import read_yaml

_WIDTH = 110
_SECTIONS = {
    "data": "What was observed. `mmm check` reads it and lists what looks wrong.",
    "plan": "The budget decision.",
}
_MARGIN = (
    "# Share of revenue that is left as profit before media. Without it the plan weighs revenue alone.",
    "#plan:",
    "#  margin: 0.35",
)


def settings_text(
    document: Mapping[str, Any], comments: Mapping[str, str], notes: Sequence[str], unused: Mapping[str, str]
) -> str:
    """YAML of the document: comments before their keys, guesses at the top, unused columns below their section."""
    lines = [
        "# Made by `mmm init` or `mmm import`; other keys have defaults, see configs/template.yaml and docs/init.md."
    ]
    if notes:
        lines += ["#", "# Guessed, so please look:", *(f"# - {note}" for note in notes)]
    for key, value in document.items():
        lines += [""] + ([f"# {_SECTIONS[key]}"] if key in _SECTIONS else [])
        lines += _entry(key, value, comments, (key,))
        if key == "data" and unused:
            lines += ["  # Columns that are not used:", *_left_out(unused)]
    if "margin" not in document.get("plan", {}):
        lines += ["", *_MARGIN]
    text = "\n".join(_one_line(line) for line in lines) + "\n"
    if read_yaml(text, "settings") != document:
        raise AssertionError("The written settings do not read back as they are.")
    return text


def _left_out(unused: Mapping[str, str]) -> list[str]:
    """One line a reason, with the columns that it holds for."""
    reasons: dict[str, list[str]] = {}
    for column, why in unused.items():
        reasons.setdefault(why, []).append(yaml_text(column))
    return [f"  #   {', '.join(columns)}: {why}" for why, columns in reasons.items()]


def _one_line(line: str) -> str:
    """Names from the data cannot end a comment."""
    return "".join(c if c.isprintable() else " " for c in line)


def _entry(key: str, value: Any, comments: Mapping[str, str], path: tuple[str, ...]) -> list[str]:
    indent = "  " * (len(path) - 1)
    comment = comments.get(".".join(path))
    lines = [f"{indent}# {comment}"] if comment else []
    flat = f"{indent}{_scalar(key)}: {_flow(value)}"
    if not isinstance(value, dict | list) or not value or (len(path) > 1 and len(flat) <= _WIDTH and len(value) <= 4):
        return [*lines, flat]
    lines.append(f"{indent}{_scalar(key)}:")
    if isinstance(value, list):
        return lines + [line for item in value for line in _item(item, indent + "  ")]
    for name, item in value.items():
        lines += _entry(name, item, comments, (*path, name))
    return lines


def _item(item: Any, indent: str) -> list[str]:
    """An item of a list: on one line where it fits, else a line a key."""
    flat = f"{indent}- {_flow(item)}"
    if not isinstance(item, dict) or len(flat) <= _WIDTH:
        return [flat]
    lines = [line for key, value in item.items() for line in _entry(key, value, {}, ("", key))]
    return [f"{indent}{'- ' if i == 0 else '  '}{line[2:]}" for i, line in enumerate(lines)]


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    plain = value.isascii() and len(value) == 10 and value[4] == value[7] == "-" and value.replace("-", "").isdigit()
    return value if plain else yaml_text(value)
