"""Competitors' media: what others spend or show, which may take from the outcome and is not ours to move."""

from mmm.data.role import Role

RECORD = Role(
    name="competitor",
    label="competitors’ media",
    meaning="What others advertise: it takes from the outcome, with carryover and saturation, and is not ours to move.",
    needs=("media",),
    takes=("media_unit",),
    costs=False,
    priceable=False,
    part="competitor",
    sign=-1,
)
