"""Base class of every section of the settings: validated, immutable, no unknown keys, no value taken for another.

Pydantic by itself takes 0, "off" and "no" for false, true for 1, "1_000" for a number, and 20649600 for the first of
September 1970 (2.14, tests/test_section.py). A setting that says something else than its reader meant is worse than an
error, so every section takes true and false for truth values, numbers for numbers, and YYYY-MM-DD for days.
"""

import datetime as dt
import numbers
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

SEED_MAX = 2**32 - 1
"""Largest seed that every engine and library takes."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?", re.DOTALL)
_NOT_VALIDATED = ("default", "metadata", "serialization")


def _tighten(schema: Any, section: type) -> None:
    """Makes truth values, numbers, days and texts in the schema of ``section`` mean one thing; in place."""
    if isinstance(schema, list | tuple):
        for item in schema:
            _tighten(item, section)
        return
    if not isinstance(schema, dict) or schema.get("cls", section) is not section:
        return  # a section within is tight already
    inner = dict(schema)
    kind = inner.get("type")
    if kind == "bool":
        schema["strict"] = True
    elif kind in ("int", "float"):
        read = _whole if kind == "int" else _number
        _replace(schema, core_schema.no_info_before_validator_function(read, {**inner, "strict": True}))
    elif kind == "date":
        _replace(schema, core_schema.no_info_before_validator_function(_day, inner))
    elif kind == "str":
        _replace(schema, core_schema.no_info_after_validator_function(_text, inner))
    else:
        for name, value in schema.items():
            if name not in _NOT_VALIDATED:
                _tighten(value, section)


def _replace(schema: dict[str, Any], new: Any) -> None:
    schema.clear()
    schema.update(new)


def _whole(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, numbers.Integral) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | numbers.Real):
        return value
    try:
        number = float(value)
    except OverflowError as error:
        raise PydanticCustomError("finite_number", "Input should be a finite number") from error
    return value if type(value) in (int, float) else number  # as it was written, for the message


def _day(value: Any) -> Any:
    if isinstance(value, dt.date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("date_type", "Input should be a day, written as 2026-01-31")


def _text(value: str) -> str:
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise PydanticCustomError("text", "Input should be without NUL and halves of surrogate pairs")
    return value


class Section(BaseModel):
    """A part of the settings that one layer owns.

    Unknown keys are errors and instances cannot be changed, so a settings object can be hashed into a key. A whole
    number may be written as 1e3; NumPy's numbers are numbers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _tighten(schema, cls)
        return schema
