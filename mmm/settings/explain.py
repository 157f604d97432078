"""Turning pydantic's findings into sentences: file, key, rule, value received, and the nearest right name."""

import json
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mmm.errors import SettingsError
from mmm.settings.document import Settings
from mmm.suggest import close, suggestion

_LONGEST_VALUE = 80
_MOST_TOLD = 30
_NUMBER = "must be a number without a unit or %, such as 250000 or 0.5"
_LIST = "must be a list: [first, second], or lines that begin with '- '"
_PLAIN = {
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number, such as 13",
    "int_type": "must be a whole number, such as 13",
    "string_unicode": "must be without NUL and halves of surrogate pairs",
    "path_type": "must be the path of a file or folder",
    "tuple_type": _LIST,
    "list_type": _LIST,
    "string_type": "must be a text; put it in quotes where it looks like a number",
}
"""Rules of pydantic whose own words name Python's types, by their kind."""
_TAG = re.compile(r"^(?:function-(?:before|after)\[\w+\(\), |constrained-)*")
"""What pydantic writes before the kind of a union's member: the functions that look at it, and that it has limits."""


@dataclass(frozen=True)
class _Problem:
    path: tuple[str, ...]
    parent: type[BaseModel] | None
    """The section that holds the last key of the path."""
    of_union: bool
    """Whether the rule is one of several that the value may follow."""
    details: ErrorDetails
    root: type[BaseModel]
    """The document that the problem is in."""


def settings_error(
    error: ValidationError,
    origin: str,
    document: type[BaseModel] = Settings,
    example: str = "configs/template.yaml shows how",
) -> SettingsError:
    """All problems of a document of that kind as one error, one line a problem; ``example`` says where to look."""
    problems = [_problem(details, document) for details in error.errors(include_url=False)]
    lines = list(dict.fromkeys(line for group in _grouped(problems) for line in _sentences(group, example)))
    if len(lines) == 1:
        return SettingsError(f"{origin}: {lines[0]}")
    told = [f"  - {line}" for line in lines[:_MOST_TOLD]]
    if len(lines) > _MOST_TOLD:
        told.append(f"  and {len(lines) - _MOST_TOLD} more; mend these first")
    return SettingsError(f"{origin} has {len(lines)} problems:\n" + "\n".join(told))


def _grouped(problems: list[_Problem]) -> list[list[_Problem]]:
    """Problems that are told together: the rules of a union, of which the value follows none, become one sentence.

    Where one of the union's members fits but for something inside it, only that is told.
    """
    groups: dict[object, list[_Problem]] = {}
    for place, problem in enumerate(problems):
        inner = any(len(p.path) > len(problem.path) and p.path[: len(problem.path)] == problem.path for p in problems)
        if problem.of_union and inner:
            continue
        groups.setdefault(problem.path if problem.of_union else place, []).append(problem)
    return list(groups.values())


def _sentences(group: list[_Problem], example: str) -> Iterator[str]:
    first = group[0]
    details = first.details
    key = ".".join(first.path) or "the document"
    if details["type"] == "extra_forbidden":
        yield f"{key}: unknown key. {_right_name(first)} {_received(details['input'])}"
    elif details["type"] == "missing":
        yield f"{key}: required, but missing. Add it; {example}."
    elif details["type"] == "value_error" and not first.path:
        # The document's own rules name their keys themselves.
        yield from str(details["ctx"]["error"]).splitlines()
    else:
        rules = ", or ".join(dict.fromkeys(_rule(problem) for problem in group))
        yield f"{key}: {rules}{'' if rules.endswith('?') else '.'} {_received(details['input'])}"


def _rule(problem: _Problem) -> str:
    details = problem.details
    if details["type"] == "value_error":
        return str(details["ctx"]["error"]).rstrip(".")
    if details["type"] in ("model_type", "dict_type", "model_attributes_type"):
        return "must be a mapping (keys with values, indented below it)"
    if details["type"] in _PLAIN:
        return _PLAIN[details["type"]]
    if details["type"] == "too_short":
        return f"must have at least {details['ctx']['min_length']} of them"
    text = details["msg"].replace("Input should be", "must be").replace("Input should", "must")
    text = (text[:1].lower() + text[1:]).rstrip(".")
    if details["type"] == "string_pattern_mismatch" and problem.parent is not None:
        description = problem.parent.model_fields[problem.path[-1]].description or ""
        return f"{text} ({description.rstrip('.')})"
    return text


def _received(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        text = repr(value)
    if len(text) > _LONGEST_VALUE:
        text = text[: _LONGEST_VALUE - 3] + "..."
    return f"Received: {text}."


def _right_name(problem: _Problem) -> str:
    """The nearest key of the same section, else the section that has the key, else all keys of the section."""
    name = problem.path[-1]
    known = list(problem.parent.model_fields) if problem.parent is not None else []
    if not close(name, known):
        elsewhere = [key for key in dotted_keys() if key.rpartition(".")[2] == name]
        if elsewhere and problem.root is Settings:
            return f"Did you mean '{elsewhere[0]}'?"
    return suggestion(name, known)


def dotted_keys() -> list[str]:
    """Every key of the document down to the second level: ``name``, ``plan``, ``plan.total_budget``, ..."""
    keys: list[str] = []
    for name, field in Settings.model_fields.items():
        keys.append(name)
        inner = _section(field.annotation)
        keys += [f"{name}.{key}" for key in inner.model_fields] if inner is not None else []
    return keys


def _problem(details: ErrorDetails, root: type[BaseModel]) -> _Problem:
    """A finding with its path, without pydantic's union tags, and the section that holds the path's last key."""
    path: list[str] = []
    here: Any = root
    holder: Any = None
    of_union = False
    for part in details["loc"]:
        here = _plain(here)
        if part == "[key]" and get_origin(holder) is dict:
            break  # pydantic's mark that the rule is about the mapping's key, which the path ends with already
        if get_origin(here) in (Union, types.UnionType):
            here, of_union = _member(here, str(part)), True
        else:
            path.append(str(part))
            holder, here, of_union = here, _below(here, part), False
    parent = holder if isinstance(holder, type) and issubclass(holder, BaseModel) else None
    return _Problem(tuple(path), parent, of_union, details, root)


def _below(annotation: Any, part: int | str) -> Any:
    """The annotation of a section's key, of a mapping's value or of a list's item; None where there is none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(part))
        return field.annotation if field is not None else _further(annotation)
    arguments = [a for a in get_args(annotation) if a is not Ellipsis]
    if get_origin(annotation) is tuple and isinstance(part, int) and part < len(arguments):
        return arguments[part]
    return arguments[-1] if arguments else None


def _further(section: type[BaseModel]) -> Any:
    """The annotation of the values of keys that a section's fields do not name, where it takes such keys."""
    named = (vars(c).get("__annotations__", {}).get("__pydantic_extra__") for c in section.__mro__)
    arguments = get_args(next((annotation for annotation in named if annotation is not None), None))
    return arguments[-1] if arguments else None


def _plain(annotation: Any) -> Any:
    """The annotation without metadata, and without ``None`` where only one other member is left."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        members = [a for a in get_args(annotation) if a is not type(None)]
        if len(members) == 1:
            return _plain(members[0])
    return annotation


def _member(union: Any, tag: str) -> Any:
    """The union's member that pydantic names ``tag``: the one whose kind of container the tag begins with."""
    members = [_plain(a) for a in get_args(union) if a is not type(None)]
    for member in members:
        origin = get_origin(member) or member
        name = "literal" if origin is Literal else getattr(origin, "__name__", "")
        if name and _TAG.sub("", tag).startswith(name):
            return member
    return None


def _section(annotation: Any) -> type[BaseModel] | None:
    annotation = _plain(annotation)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
