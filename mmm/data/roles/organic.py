"""Organic media: newsletters, owned social, PR. Nobody pays for a contact, so that there is no return on money."""

from mmm.data.role import Role

RECORD = Role(
    name="organic",
    label="organic media",
    meaning="Newsletter, owned social, PR: carryover and saturation as paid media, but no price and so no return.",
    needs=("media",),
    takes=("media_unit",),
    costs=False,
    priceable=True,
    part="organic",
)
