"""Thresholds of the gate: what a fit must show before anything may be decided on it."""

from pydantic import Field, field_validator, model_validator

from mmm.assessment.graph import read_graph
from mmm.data.calendar import Duration
from mmm.inference.settings import ESS_MIN, R_HAT_MAX
from mmm.section import Section


class GateSettings(Section):
    """Limits of the checks in :mod:`mmm.assessment.gate`; the defaults are the documented ones.

    Shares are between 0 and 1. Intervals are 90%, equal-tailed, as everywhere in the workbench.
    """

    override: bool = Field(
        False, description="Plan and report although the gate failed. The first page of the report then says so."
    )
    r_hat_max: float = Field(R_HAT_MAX, gt=1.0, description="Largest rank-normalised R-hat of any parameter.")
    ess_bulk_min: float = Field(ESS_MIN, gt=0.0, description="Smallest effective sample size of the posterior's bulk.")
    ess_tail_min: float = Field(
        ESS_MIN, gt=0.0, description="Smallest effective sample size at the 5% and 95% quantiles."
    )
    e_bfmi_min: float = Field(0.3, gt=0.0, le=1.0, description="Smallest E-BFMI of any chain.")
    divergences_warn_share: float = Field(
        0.001, ge=0.0, le=1.0, description="Share of divergent draws up to which a fit is only warned of; 0 draws pass."
    )
    holdout: Duration | None = Field(
        "13 weeks", description="Periods at the end whose outcome a second fit does not see; null leaves the check out."
    )
    coverage_min: float = Field(
        0.70, ge=0.0, le=1.0, description="Held-out coverage of 90% intervals below this warns."
    )
    coverage_max: float = Field(
        1.00, ge=0.0, le=1.0, description="Held-out coverage of 90% intervals above this warns."
    )
    naive_warn: float = Field(
        0.25,
        ge=0.0,
        le=1.0,
        description="Probability that chance makes the held-out forecast as much worse than last year's values, below "
        "which a worse one warns.",
    )
    naive_fail: float = Field(
        0.05, ge=0.0, le=1.0, description="The same probability below which the check fails; 0 never fails."
    )
    negative_baseline_warn: float = Field(
        0.10, gt=0.0, lt=1.0, description="Probability of a negative baseline in a period above which the period warns."
    )
    negative_baseline_fail: float = Field(
        0.50, gt=0.0, lt=1.0, description="Probability of a negative baseline in a period above which the period fails."
    )
    negative_baseline_periods: float = Field(
        0.05, ge=0.0, lt=1.0, description="Share of such periods above which the check as a whole warns or fails."
    )

    experiment_tail: float = Field(
        0.05,
        gt=0.0,
        lt=1.0,
        description="Probability of a result as far from the model's as an experiment's, over all of them, that warns.",
    )
    opposite_sign_warn: float = Field(
        3.0,
        gt=0.0,
        description="Distance of a channel's effect from zero against its assumed sign, in sd, that warns.",
    )
    opposite_sign_fail: float = Field(4.0, gt=0.0, description="The same distance above which the check fails.")
    overlap_max: float = Field(
        0.92, gt=0.0, le=1.0, description="Share that prior and posterior of a return have in common that warns."
    )
    prior_shift_max: float = Field(
        0.45, gt=0.0, description="Shift of a return, in sd, when its prior is scaled by two, that warns as well."
    )
    surprise_max: float = Field(
        2.0, gt=0.0, description="Distance of a return from its prior, in the prior's sd of the log, that warns."
    )
    together_max: float = Field(
        0.3, gt=0.0, le=1.0, description="Negative correlation of two channels' returns beyond which it warns."
    )
    family_max: float = Field(
        0.35, gt=0.0, le=1.0, description="Share of a return's variance between the models of a mixture that warns."
    )
    quarter_max: float = Field(
        1.5, gt=0.0, description="Shift of a return by the last periods, in the sd that they explain, that warns."
    )
    robustness_min: float = Field(
        0.02,
        ge=0.0,
        lt=1.0,
        description="Partial R2 of hidden demand that would undo the advice; less warns.",
    )
    direction_sure: float = Field(
        0.9, gt=0.5, lt=1.0, description="Probability from which on a channel's direction counts as advised."
    )
    score_max: float = Field(
        3.25, gt=0.0, description="Score of something unexplained that follows a channel that warns."
    )
    step_max: float = Field(4.0, gt=0.0, description="Score of a lasting shift in what is unexplained that warns.")
    tails_max: float = Field(3.0, gt=0.0, description="Excess kurtosis of what is unexplained that warns.")
    scale_warn: float = Field(
        3.0,
        gt=1.0,
        description="Ratio of the data to the scales pinned in the model, either way, that warns.",
    )
    scale_fail: float = Field(10.0, gt=1.0, description="The same ratio above which the check fails.")
    graph: str | None = Field(
        None,
        description="What causes what, as text such as 'season -> tv, search -> sales; (demand) -> search, sales': the "
        "gate says of which channels the model then finds the whole effect (docs/warnings.md).",
    )

    @field_validator("graph")
    @classmethod
    def _readable(cls, text: str | None) -> str | None:
        if text is not None:
            read_graph(text)
        return text

    @model_validator(mode="after")
    def _ordered(self) -> "GateSettings":
        # ValueError, so that pydantic adds the place in the settings file.
        if self.coverage_min > self.coverage_max:
            raise ValueError(
                f"coverage_min is {self.coverage_min} and coverage_max {self.coverage_max}: the smaller comes first."
            )
        if self.negative_baseline_warn > self.negative_baseline_fail:
            raise ValueError(
                f"negative_baseline_warn is {self.negative_baseline_warn}, above negative_baseline_fail "
                f"({self.negative_baseline_fail}): the limit that warns cannot be above the one that fails."
            )
        if self.opposite_sign_warn > self.opposite_sign_fail:
            raise ValueError(
                f"opposite_sign_warn is {self.opposite_sign_warn}, above opposite_sign_fail "
                f"({self.opposite_sign_fail}): the limit that warns cannot be above the one that fails."
            )
        if self.naive_fail > self.naive_warn:
            raise ValueError(
                f"naive_fail is {self.naive_fail}, above naive_warn ({self.naive_warn}): what fails is rarer than what "
                "warns."
            )
        if self.scale_warn > self.scale_fail:
            raise ValueError(
                f"scale_warn is {self.scale_warn}, above scale_fail ({self.scale_fail}): the limit that warns "
                "cannot be above the one that fails."
            )
        return self
