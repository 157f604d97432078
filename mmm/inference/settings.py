"""The sampler section of the settings."""

from typing import Literal

from pydantic import Field

from mmm.section import Section


class SamplerSettings(Section):
    """How the posterior is sampled, and where fits are kept."""

    draws: int = Field(default=1000, ge=10, le=100_000, description="Draws kept per chain.")
    tune: int = Field(default=1000, ge=10, le=100_000, description="Warm-up draws per chain.")
    chains: int = Field(default=4, ge=1, le=64)
    target_accept: float = Field(default=0.9, gt=0.5, lt=1.0)
    seed: int = Field(default=2024, ge=0)
    engine: Literal["auto", "fast", "plain", "jax"] = Field(
        default="auto",
        description="auto: the fast engine where it can represent the model, else the plain PyMC model. jax: the plain "
        "model with NumPyro, for a GPU; needs the extra 'jax'.",
    )
    store: str = Field(default=".mmm/fits", description="Folder of stored fits, relative to the working directory.")
