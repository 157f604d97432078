"""Whether the data have several explanations: modes of a model's posterior between which chains do not move."""

import numpy as np

from mmm.arrays import Floats
from mmm.assessment.checks import Check
from mmm.inference.convergence import MODES
from mmm.inference.fit import Fit, Member

# An explanation with less weight in the whole fit is not worth a reader's time.
_LEAST = 0.02
# Medians that differ by less than this factor between explanations are not told.
_APART = 1.5
_MOST_TOLD = 4


def explanations_check(fit: Fit) -> Check | None:
    """The explanations of the model in which they weigh most, and the channels that differ; None where there is one.

    The value is how many there are, those with less than 2% of all draws left out.
    """
    found = [(member, effects) for member in fit.counted if len(effects := _effects(member)) > 1]
    if not found:
        return None
    member, effects = found[0]
    medians = np.array([median for _, median in effects])
    spread = np.log(medians.max(axis=0) / medians.min(axis=0))
    order = [c for c in np.argsort(-spread) if spread[c] > np.log(_APART)][:_MOST_TOLD]
    names = [fit.spec.channel_names[c] for c in order]
    if not names:
        return None
    told = "; ".join(
        f"{weight:.0%}: {', '.join(f'{n} {median[c]:.3g}' for n, c in zip(names, order, strict=True))}"
        for weight, median in effects
    )
    summary = (
        f"{member.name} ({member.weight:.0%} of the draws) has {len(effects)} explanations, with these effects in the "
        f"terms of the prior: {told}."
    )
    advice = (
        f"The data cannot say which of them is right, and intervals hold all of them. What would: a test of {names[0]}"
        ", or weeks in which it runs while the others pause."
    )
    return Check(
        "explanations",
        "The data have one explanation",
        "warn",
        float(len(effects)),
        "one mode of the posterior that matters",
        summary,
        advice,
        tuple(names),
    )


def _effects(member: Member) -> list[tuple[float, Floats]]:
    """Weight within the member and median effects [channel] of each explanation, the heaviest first."""
    if MODES not in member.tree.children:
        return []
    group = member.tree[MODES].to_dataset()
    effects = member.posterior[member.spec.effect_kind].values
    labels = group["mode"].values
    out = [
        (float(weight), np.median(effects[labels == k], axis=0))
        for k, weight in enumerate(group["weight"].values)
        if weight * member.weight >= _LEAST and (labels == k).any()
    ]
    return sorted(out, key=lambda pair: -pair[0])
