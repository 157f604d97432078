"""Mediators: what media move on its way to the outcome, such as branded queries, visits or awareness."""

from mmm.data.role import Role

RECORD = Role(
    name="mediator",
    label="mediators",
    meaning="Branded queries, visits, awareness: what media move on the way to the outcome, in a straight line to it.",
    needs=("media",),
    takes=("media_unit",),
    costs=False,
    priceable=False,
    part="mediator",
    mediates=True,
)
