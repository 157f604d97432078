"""Google's MMM Data Platform: indexed query volume of a brand and of its category; a control."""

from dataclasses import replace

from mmm.data.cells import texts
from mmm.data.exports.record import Amount, Raw, Reader


def _by_label(raw: Raw) -> Raw:
    """Brand and generic queries side by side, of the largest kind of region alone: states add up to their country."""
    frame, dropped = raw.frame, dict(raw.dropped)
    if "geotype" in frame.columns:
        kinds = texts(frame["geotype"])[0]
        if "COUNTRY" in set(kinds) and len(set(kinds)) > 1:
            dropped["rows of parts of a country"] = int((kinds != "COUNTRY").sum())
            frame = frame[kinds == "COUNTRY"]
    label = texts(frame["querylabel"])[0]
    volume = frame["indexedqueryvolume"]
    brand = [cell if name == "BRAND" else "0" for cell, name in zip(volume, label, strict=True)]
    generic = [cell if name == "GENERIC" else "0" for cell, name in zip(volume, label, strict=True)]
    return replace(raw, frame=frame.assign(brand=brand, generic=generic).reset_index(drop=True), dropped=dropped)


RECORD = Reader(
    title="Google query volume (MMM Data Platform)",
    source="developers.google.com/mmm-data-platform: GQV data feed",
    needs=(("reportdate",), ("querylabel",), ("indexedqueryvolume",)),
    date=("reportdate",),
    labels={"query": ("querylabel",), "geo": ("geoname",)},
    amounts={"query_volume_brand": Amount(("brand",)), "query_volume_generic": Amount(("generic",))},
    gives="panel",
    prepare=_by_label,
)
