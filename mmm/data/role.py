"""Channel roles: what the media of a channel are, as records that data, model, analysis, planner and report go through.

A role is one file in ``mmm/data/roles`` with a ``RECORD``. Nothing else names one: whoever needs to know whether a
channel has a cost, a return or a sign asks its record.
"""

from dataclasses import dataclass
from typing import Literal

from mmm.records import Records

Key = Literal["spend", "media", "media_unit", "frequency"]
PAID = "paid"
"""The role of a channel that states none."""


@dataclass(frozen=True)
class Role:
    """What a channel is.

    ``needs`` and ``takes`` are the keys of ``data.channels.NAME`` that have to be given, and those that may be (in the
    long layout the spend has one column for all). ``costs``: its spend is its price, so that it has a return (ROAS)
    whose prior may be stated, and a plan may move its money; without, its prior is on its share of the outcome, its
    contribution is told and no return, and no plan moves it unless it is ``priceable`` and the plan states its price.
    ``mediates``: media move it on its way to the outcome, on which it works in a straight line; it may have gaps.
    ``sign``: of its effect on the outcome. ``part``: what its contributions are in a decomposition. ``label`` names
    channels of the role in tables; ``meaning`` is its sentence in the documentation.
    """

    name: str
    label: str
    meaning: str
    needs: tuple[Key, ...]
    takes: tuple[Key, ...]
    costs: bool
    priceable: bool
    part: str
    sign: Literal[1, -1] = 1
    mediates: bool = False


ROLES: Records[Role] = Records("channel role", "mmm.data.roles")
