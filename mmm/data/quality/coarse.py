"""Findings on outcomes that are coarser than media: few rows, and media that are even within them."""

from collections.abc import Iterator

from mmm.data.coarse import even_media
from mmm.data.dataset import Dataset
from mmm.data.quality.report import Finding

_FEW_ROWS = 60


def coarse_findings(dataset: Dataset) -> Iterator[Finding]:
    """What belongs to outcomes of months: how few rows there are, and what cannot be seen within one."""
    rows, unit = int(dataset.data["observed"].values.any(axis=1).sum()), dataset.frequency.unit
    if rows < _FEW_ROWS:
        yield Finding(
            "warning",
            "few_rows",
            f"{rows} outcome rows for {len(dataset.channels)} channels, a season, a trend and controls: the data say "
            "little of each, and the priors much.",
            "Export the outcome by week or day where it is kept so. Else look at the priors (mmm priors), state what "
            "is known of returns, give experiments, and join small channels.",
        )
    if even_media(dataset):
        yield Finding(
            "warning",
            "even_media",
            f"Media are even over the {unit}s of every outcome row: when in a row money was spent is not known, so "
            "that carryover rests on its prior, and saturation on the mean of a row.",
            "Export media by week or day: ad platforms keep them by day. The outcome may stay as it is.",
        )
