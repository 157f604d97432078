"""Paid media: money buys them."""

from mmm.data.role import Role

RECORD = Role(
    name="paid",
    label="paid media",
    meaning="Money buys them: a return on it (ROAS), and plans that move it.",
    needs=("spend",),
    takes=("media", "media_unit"),
    costs=True,
    priceable=False,
    part="media",
)
