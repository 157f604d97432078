"""No value of a setting is taken for another: truth values, numbers, days and texts mean what they look like."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field, PositiveFloat, ValidationError, model_validator

from mmm.section import Section


class Inner(Section):
    on: bool = False


class Outer(Section):
    flag: bool = False
    whole: Annotated[int, Field(ge=0)] = 0
    amount: PositiveFloat | None = None
    either: PositiveFloat | tuple[PositiveFloat, ...] | Literal["last"] = 1.0
    named: float | Annotated[str, Field(min_length=1)] = 1.0
    table: dict[str, float] = Field(default_factory=dict)
    day: dt.date | None = None
    file: Path | None = None
    words: tuple[str, ...] = ()
    inner: dict[str, Inner] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _rule(self) -> "Outer":
        return self


class Lax(BaseModel):
    flag: bool = False
    whole: int = 0
    day: dt.date | None = None


@pytest.mark.parametrize(
    ("name", "value", "taken_for"),
    [
        ("flag", 0, False),
        ("flag", "off", False),
        ("whole", True, 1),
        ("whole", "1_0", 10),
        ("day", 86400, "1970-01-02"),
    ],
)
def test_pydantic_by_itself_takes_one_for_another(name: str, value: Any, taken_for: Any) -> None:
    """Where this fails pydantic has become strict, and mmm/section.py may go."""
    found = getattr(Lax.model_validate({name: value}), name)
    assert found == (dt.date.fromisoformat(taken_for) if name == "day" else taken_for)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("flag", [0, 1, 0.0, "no", "true", "off", None, []]),
        ("whole", [True, "7", " 7 ", 7.5, 1e400, float("nan"), np.True_, -1, b"7"]),
        ("amount", [True, "5", "1_000", b"5", 10**400, float("inf"), -1, 0, [5]]),
        ("either", [True, "5", [1, "2"], [1, True], "first", [0]]),
        ("named", [True, "", None]),
        ("table", [{"a": True}, {"a": "1"}, {"a\0": 1}, [1]]),
        ("day", [0, 86400, "86400", "20240101", 20240101, True, "2024-1-1", "yesterday", "2024-02-30", 1e9]),
        ("file", ["a\0b", "\ud800", 5, True]),
        ("words", [["a", "b\0"], ["\udfff"], [1], "ab"]),
        ("inner", [{"a": {"on": 0}}, {"a": {"on": "no"}}]),
    ],
)
def test_what_is_something_else_is_refused(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ValidationError):
            Outer.model_validate({name: value})


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("flag", True, True),
        ("whole", 1e3, 1000),
        ("whole", np.int64(3), 3),
        ("amount", 5, 5.0),
        ("amount", np.float32(0.5), 0.5),
        ("amount", np.int64(5), 5.0),
        ("either", [1, 2.5], (1.0, 2.5)),
        ("either", "last", "last"),
        ("named", "5", "5"),
        ("day", "2024-02-29", dt.date(2024, 2, 29)),
        ("day", dt.date(2024, 2, 29), dt.date(2024, 2, 29)),
        ("day", "2024-02-29 00:00:00", dt.date(2024, 2, 29)),
        ("file", "logo.png", Path("logo.png")),
        ("inner", {"a": {"on": True}}, {"a": Inner(on=True)}),
    ],
)
def test_what_is_meant_is_read(name: str, value: Any, read: Any) -> None:
    found = getattr(Outer.model_validate({name: value}), name)
    assert found == read
    assert type(found) is type(read)


def test_a_section_reads_back_what_it_writes() -> None:
    made = Outer(amount=5, day=dt.date(2024, 1, 1), file=Path("x"), inner={"a": Inner(on=True)}, either=(1.0, 2.0))
    assert Outer.model_validate(made.model_dump(mode="json")) == made
    assert Outer.model_validate_json(made.model_dump_json()) == made


def test_the_schema_is_that_of_the_plain_types() -> None:
    properties = Outer.model_json_schema()["properties"]
    assert properties["flag"]["type"] == "boolean"
    assert properties["whole"] == {"default": 0, "minimum": 0, "title": "Whole", "type": "integer"}
    assert properties["amount"]["anyOf"][0] == {"exclusiveMinimum": 0, "type": "number"}
