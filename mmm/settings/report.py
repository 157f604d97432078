"""What the report says about itself and how it looks: the ``report:`` section of the settings."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from mmm.section import Section

_HEX = re.compile(r"^#[0-9a-fA-F]{6}$")


def _colour(value: str) -> str:
    if not _HEX.match(value):
        raise ValueError(f"'{value}' is no colour. Write six hexadecimal digits after a hash, such as '#12436d'.")
    return value.lower()


Colour = Annotated[str, AfterValidator(_colour)]
Language = Literal["en", "de", "fr", "es"]
Format = Literal["html", "pdf", "brief", "pptx"]
NumberFormat = Literal["1,234.5", "1.234,5", "1 234,5", "1'234.5"]
DateFormat = Literal["5 May 2025", "May 5, 2025", "2025-05-05", "05.05.2025", "05/05/2025"]


class ReportSettings(Section):
    """The report's words, looks and parts. Every key has a default, so the section may be left out.

    Paths are relative to the settings file. The title is that of the analysis (``title`` at the top of the file).
    """

    organisation: str | None = Field(None, max_length=80, description="Name shown above the title.")
    author: str | None = Field(None, max_length=80, description="Who answers questions about the report.")
    logo: Path | None = Field(None, description="PNG, JPEG or SVG file, shown at the top of page one.")
    accent: Colour = Field("#12436d", description="Colour of headings' marks, links and the recommended plan.")
    channel_colours: dict[str, Colour] = Field(
        default_factory=dict, description="Colour by channel; the others take theirs from a colour-blind-safe set."
    )
    labels: dict[str, Annotated[str, Field(min_length=1, max_length=60)]] = Field(
        default_factory=dict, description="How names from the data are written, such as {ooh: Out of home}."
    )
    language: Language = Field("en", description="Language of the text: English, German, French or Spanish.")
    number_format: NumberFormat | None = Field(
        None, description="How thousands and decimals are separated; by default as the language does."
    )
    date_format: DateFormat | None = Field(None, description="How dates are written; by default as the language does.")
    formats: tuple[Format, ...] = Field(
        ("html", "pdf"),
        description="Which files are written: html, pdf, brief (two pages as PDF), pptx (slides with native charts).",
    )
    templates: Path | None = Field(
        None, description="Folder whose files replace the report's own templates and style sheets of the same name."
    )
    what_if: bool = Field(True, description="Whether the HTML carries the sliders.")
    what_if_draws: int = Field(200, ge=50, le=1000, description="Posterior draws embedded for the sliders.")
    figures: bool = Field(True, description="Whether figures are also written as SVG and PNG files for slides.")

    @field_validator("formats")
    @classmethod
    def _formats_once(cls, value: tuple[Format, ...]) -> tuple[Format, ...]:
        if not value:
            raise ValueError("Name at least one format: html, pdf, brief, pptx.")
        return tuple(dict.fromkeys(value))
