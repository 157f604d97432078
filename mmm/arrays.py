"""Types of arrays. This module imports nothing of the package."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""Numbers in double precision; their dims stand in square brackets where they are used: [n, t, g]."""
