"""Paid media known by reach and frequency: how many persons saw it in a period, and how often each on average."""

from mmm.data.role import Role

RECORD = Role(
    name="reach_frequency",
    label="reach and frequency",
    meaning="Paid media with reach (media) and frequency: the effect of a person reached is a curve of how often.",
    needs=("spend", "media", "frequency"),
    takes=("media_unit",),
    costs=True,
    priceable=False,
    part="media",
)
