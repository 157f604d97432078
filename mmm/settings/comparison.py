"""The ``comparison`` section: other models of the same outcome, each by what it changes in the settings."""

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from mmm.section import Section

ModelName = Annotated[str, Field(min_length=1, max_length=60)]
_CHANGES = ("model", "experiments", "data")
_FEWEST, _MOST = 2, 12


class ComparisonSettings(Section):
    """Models that `mmm models` sets side by side. One that changes nothing is that of the settings."""

    models: dict[ModelName, dict[str, Any]] = Field(
        description="What each changes, by dotted key: {model.adstock: {family: delayed}}; {} changes nothing."
    )
    ahead: bool = Field(True, description="Whether forecasts of earlier refreshes (section backtest) are scored too.")

    @field_validator("models")
    @classmethod
    def _of_models(cls, models: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, changes in models.items():
            for key in changes:
                if key.partition(".")[0] not in _CHANGES:
                    raise ValueError(
                        f"{name} changes '{key}', which is no part of a model. Keys begin with {', '.join(_CHANGES)}."
                    )
        return models

    @model_validator(mode="after")
    def _several(self) -> Self:
        if not _FEWEST <= len(self.models) <= _MOST:
            raise ValueError(f"models are {_FEWEST} to {_MOST}; these are {len(self.models)}")
        return self
