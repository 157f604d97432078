"""How a CSV file writes its cells."""

import json
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mmm.data.marks import Style
from mmm.section import Section

Text = Annotated[str, Field(min_length=1, max_length=50)]


class CsvSettings(Section):
    """How a CSV file writes its cells."""

    KEY: ClassVar[str] = "data.csv"
    """Where these settings stand, for messages that say what to set."""

    separator: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = Field(
        default=None,
        description="A point where it is not given, or a comma where the point is the thousands sign. Stated, cells "
        "such as 1.234 are decimals; otherwise a column that could as well hold thousands is refused.",
    )
    thousands: Literal[",", ".", " ", "'"] | None = Field(
        default=None, description="A space stands for no-break and narrow spaces too. Groups of three, or Indian ones."
    )
    encoding: Literal["utf-8", "latin-1", "cp1252", "utf-16"] = "utf-8"
    skip_rows: int = Field(default=0, ge=0, le=1000, description="Lines above the header, such as a title.")
    skip_footer: int = Field(default=0, ge=0, le=1000, description="Last rows that are no data, such as totals.")
    missing: tuple[Text, ...] = Field(default=(), description="Texts of a missing value, besides '-', '--', 'n/a', ...")
    zero: tuple[Text, ...] = Field(default=(), description="Texts that state that there was nothing, such as '--'.")

    @model_validator(mode="after")
    def _signs_differ(self) -> "CsvSettings":
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both '{self.decimal}'; they must differ.")
        if self.separator in {"\n", "\r", '"', "\0"}:
            raise ValueError(f"separator {self.separator!r} cannot stand between the cells of a line.")
        both = sorted({text.casefold() for text in self.missing} & {text.casefold() for text in self.zero})
        if both:
            raise ValueError(f"'{both[0]}' stands in missing and in zero; it means one of them.")
        return self

    @property
    def style(self) -> Style:
        """The signs in numbers, those that are not stated included."""
        return Style(self.decimal or ("," if self.thousands == "." else "."), self.thousands)

    def line(self, **changes: Any) -> str:
        """The line of the settings that these options and ``changes`` make, to be pasted: ``data.csv: {...}``."""
        stated = {name: value for name, value in self.model_dump().items() if value != _DEFAULTS[name]} | changes
        order = [name for name in CsvSettings.model_fields if stated.get(name) is not None]
        return f"{self.KEY}: {{" + ", ".join(f"{name}: {_yaml(stated[name])}" for name in order) + "}"


def _yaml(value: Any) -> str:
    """A value as YAML in flow style, which JSON is."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


_DEFAULTS = CsvSettings().model_dump()


class PlainCsv(Section):
    """How a long CSV file, of journeys or orders, writes its cells; it is UTF-8 with a header in its first line."""

    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] | None = Field(
        None, description="A point, or a comma beside thousands of points. Stated, amounts such as 1.234 are decimals."
    )
    thousands: Literal[",", ".", " ", "'"] | None = None

    @model_validator(mode="after")
    def _signs_differ(self) -> Self:
        if self.thousands is not None and self.thousands == self.decimal:
            raise ValueError(f"decimal and thousands are both '{self.thousands}'; they must differ")
        return self

    @property
    def sign(self) -> str:
        """The decimal sign, where it is not stated included."""
        return self.decimal or ("," if self.thousands == "." else ".")
