"""What is known of the periods after the data: controls, costs of media, media without a cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.hashes import of_data


@dataclass(frozen=True)
class Future:
    """The periods ``dates`` that follow the data, by name arrays [t, g] in the order of the panel's geos.

    ``controls`` in the data's units; ``costs`` in currency per media unit of a paid channel; ``media`` the units of a
    channel without a cost. What is not in it is held at a value that the plan states. ``carried`` are controls that
    work later: what the data's last values bring to the first periods; where such a control is in ``controls`` too, its
    values begin with them, and reach beyond the dates.
    """

    dates: pd.DatetimeIndex
    controls: Mapping[str, Floats] = field(default_factory=dict)
    costs: Mapping[str, Floats] = field(default_factory=dict)
    media: Mapping[str, Floats] = field(default_factory=dict)
    carried: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Hash of its content."""
        parts = {"controls": self.controls, "costs": self.costs, "media": self.media}
        parts |= {"carried": self.carried} if self.carried else {}
        values = {
            kind: {name: np.asarray(array).tolist() for name, array in found.items()} for kind, found in parts.items()
        }
        return of_data({"dates": [day.isoformat() for day in self.dates], **values})
