"""Attribution beside the mix model: where they differ by more than their intervals, why, and what would decide."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.attribution.settings import Kind
from mmm.errors import DataError

_ENDS = (0.05, 0.95)


class Reason(NamedTuple):
    """Which way a kind of channel is seen by journeys, what happens there, and the test that would decide."""

    more: bool
    """Whether journeys credit such a channel more than the model does."""
    said: str
    test: str


REASONS: dict[Kind, Reason] = {
    "captures_demand": Reason(
        True,
        "it meets those who would have bought anyway: journeys see it last, and sales go on without it",
        "pause it in some regions for four weeks or more, and compare their sales with those of the others",
    ),
    "offline": Reason(
        False,
        "nobody clicks on it: journeys do not see it, the model sees sales rise with it",
        "raise or pause it in some regions, and compare their sales with those of the others",
    ),
    "view_through": Reason(
        False,
        "it is seen and not clicked: journeys hold its clicks alone",
        "show a random part of the audience nothing (ghost ads or a public service announcement), and compare sales",
    ),
}
NO_REASON = "no reason is stated in attribution.kinds: look at names, the look-back and untracked touches first"
OTHER_WAY = (
    "what is stated in attribution.kinds would be the other way round: look at names, the look-back and untracked "
    "touches first"
)
ANY_TEST = "hold it out in some regions, and compare their sales with those of the others"


def beside(
    effects: Floats, channels: tuple[str, ...], attributed: pd.DataFrame, kinds: Mapping[str, Kind]
) -> pd.DataFrame:
    """By channel that both know: model and attributed shares with 90% intervals, difference, verdict, reason, test.

    ``effects`` [draw, c] are the model's, ``attributed`` (index channel; share, lower, upper) the journeys'. Both are
    shares among the channels that both know. ``verdict`` is "more", "less" (what journeys credit, against the model) or
    "alike", the first two only where the intervals do not meet. ``reason`` and ``test`` are empty where they are alike.

    Raises DataError where fewer than two channels are known to both, or nothing is credited to them.
    """
    known = [name for name in channels if name in attributed.index]
    total = float(attributed.loc[known, "share"].sum()) if known else 0.0
    if len(known) < 2 or total <= 0:
        raise DataError(
            f"Journeys and model have {len(known)} channels in common with credit: {', '.join(known) or 'none'}; "
            "at least two are needed to compare shares. Give attribution.channels: names in the journeys to names in "
            "the model."
        )
    own = effects[:, [channels.index(name) for name in known]]
    shares = own / own.sum(axis=1, keepdims=True)
    lower, upper = np.quantile(shares, _ENDS, axis=0)
    credit = attributed.loc[known, ["share", "lower", "upper"]] / total
    rows = []
    for place, name in enumerate(known):
        low, high = float(credit["lower"].iloc[place]), float(credit["upper"].iloc[place])
        verdict = "more" if low > upper[place] else "less" if high < lower[place] else "alike"
        reason, test = ("", "") if verdict == "alike" else _why(kinds.get(name), verdict == "more")
        model = float(shares[:, place].mean())
        share = float(credit["share"].iloc[place])
        rows.append((model, lower[place], upper[place], share, low, high, share - model, verdict, reason, test))
    columns = ["model", "model_lower", "model_upper", "attributed", "attributed_lower", "attributed_upper"]
    columns += ["difference", "verdict", "reason", "test"]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(known, name="channel"))


def _why(kind: Kind | None, more: bool) -> tuple[str, str]:
    reason = None if kind is None else REASONS[kind]
    if reason is None:
        return NO_REASON, ANY_TEST
    if reason.more != more:
        return OTHER_WAY, reason.test
    return reason.said, reason.test


def prior_of(credited: pd.Series, spend: Mapping[str, float], factor: float) -> dict[str, tuple[float, float]]:
    """ROAS priors by channel, (lower, upper) of their 90%: credited money over spend, divided and times ``factor``.

    For a user who wants them; a channel with nothing credited or spent has none. Raises DataError for a factor that is
    not above 1.
    """
    if not factor > 1:
        raise DataError(f"The width of a prior is a factor above 1, such as 3; got {factor}.")
    found = {}
    for name, money in credited.items():
        spent = spend.get(str(name), 0.0)
        if money > 0 and spent > 0:
            roas = float(money) / spent
            found[str(name)] = (roas / factor, roas * factor)
    return found
