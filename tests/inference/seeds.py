"""The seed of everything that tests sample: the environment's MMM_TEST_SEED is added to the stated one.

Samples are the same bit for bit on one machine and differ between processors, so that a test may only ask for what
holds whatever the draws. `make test-elsewhere` runs the tests that sample with another seed and on other code paths.
"""

import os
from typing import Any

from mmm.inference.settings import SamplerSettings

SHIFT = int(os.environ.get("MMM_TEST_SEED", "0"))


def seeded(**settings: Any) -> SamplerSettings:
    """Settings of a sampler in a test; ``seed`` is the default's where it is not stated."""
    stated = settings.pop("seed", SamplerSettings().seed)
    return SamplerSettings(seed=stated + SHIFT, **settings)
