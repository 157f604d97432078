"""The sampler section of the settings."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mmm.section import SEED_MAX, Section

R_HAT_MAX = 1.01
"""Largest R-hat with which chains agree (Vehtari et al. 2021)."""
ESS_MIN = 400.0
"""Fewest effective draws, in the bulk and in the tails, that make chains comparable (Vehtari et al. 2021)."""


MOST_DRAWS = 200_000
"""Draws of all chains of one model; intervals move by nothing long before."""


class SamplerSettings(Section):
    """How the posterior is sampled, and where fits are kept."""

    draws: int = Field(default=1000, ge=10, le=100_000, description="Draws kept per chain.")
    tune: int = Field(default=500, ge=10, le=100_000, description="Warm-up draws per chain.")
    chains: int = Field(default=4, ge=1, le=64)
    target_accept: float = Field(default=0.9, gt=0.5, lt=1.0)
    seed: int = Field(default=2024, ge=0, le=SEED_MAX)
    attempts: int = Field(
        default=3,
        ge=1,
        le=4,
        description="How often at most a model is sampled whose chains do not agree (R-hat above 1.01, fewer than 400 "
        "effective draws, or more than 0.1% divergent). Every attempt takes smaller steps. Chains that lack "
        "draws alone get as many again; those that diverged are sampled anew; those that are far apart also "
        "three times as long, and every third draw is kept. In a mixture models with a weight below 1% are "
        "sampled again only where chains are far apart and one of them could give the model some weight. Fits of "
        "fewer than 2,000 draws in all are a quick look and sampled once.",
    )
    engine: Literal["auto", "fast", "plain", "jax"] = Field(
        default="auto",
        description="auto: the fast engine, which represents every model. plain: the PyMC model as it is written. jax: "
        "the same with NumPyro, for a GPU; needs the extra 'jax'.",
    )
    store: str = Field(
        default=".mmm/fits",
        min_length=1,
        max_length=1024,
        description="Folder of stored fits. A relative one lies in the project: the nearest folder, from that of the "
        "settings upwards, that holds it or is a checkout (.git); else beside the settings.",
    )

    @model_validator(mode="after")
    def _fits_in_memory(self) -> Self:
        if self.draws * self.chains > MOST_DRAWS:
            raise ValueError(
                f"draws x chains is {self.draws * self.chains:,}; at most {MOST_DRAWS:,} are kept. Lower one of them"
            )
        return self
