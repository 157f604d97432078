"""What settings say of a control: its column, its levels, when it works, and what empty cells take."""

from pydantic import Field, model_validator

from mmm.data.calendar import Duration
from mmm.data.filled import Filling
from mmm.data.target import Name
from mmm.section import Section


class ControlSettings(Section):
    """A control: something other than paid media that moves the outcome."""

    column: Name
    categorical: bool = Field(default=False, description="Text levels, one-hot encoded without the reference level.")
    reference: Name | None = Field(
        default=None, description="Categorical only: the level that the others are compared with; the first by default."
    )
    lag: Duration | None = Field(
        default=None, description="How long after its period it works, such as '2 weeks': a price in contracts signed."
    )
    missing: Filling | None = Field(
        default=None,
        description="What empty cells take, which are errors otherwise: a straight line between the known values, the "
        "last known one, or the mean of the geo's.",
    )

    @model_validator(mode="after")
    def _levels_are_not_filled(self) -> "ControlSettings":
        if self.categorical and self.missing is not None:
            raise ValueError("missing is for numbers; of a categorical control write the level into empty cells.")
        return self

    @model_validator(mode="after")
    def _reference_needs_levels(self) -> "ControlSettings":
        if self.reference is not None and not self.categorical:
            raise ValueError(
                f"reference is '{self.reference}' but the control is not categorical. Set categorical: true."
            )
        return self
