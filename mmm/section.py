"""Base class of every section of the settings: validated, immutable, no unknown keys."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the settings that one layer owns.

    Unknown keys are errors and instances cannot be changed, so a settings object can be hashed into a key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)
