"""Removal effects of an absorbing Markov chain, by linear algebra instead of simulation.

Journeys are a chain whose states are the last ``order`` touches (Anderl, Becker, von Wangenheim and Schumann 2016,
"Mapping the customer journey", International Journal of Research in Marketing 33). The removal effect of a
channel is the share of conversions lost where every state that holds the channel leads nowhere; credit is shared in
proportion to removal effects.
"""

import numpy as np
from scipy import sparse

from mmm.attribution.counts import CONVERSION, Transitions
from mmm.data.cells import FloatArray

_DENSE = 70
"""Up to so many states (all chains of order 1) a dense solve is quicker than iterating."""
_ROUNDS, _CLOSE = 5_000, 1e-12


def removal_effects(transitions: Transitions, weight: FloatArray, value: FloatArray | None = None) -> FloatArray:
    """Share of the conversions (of their money, where ``value`` [edge] is given) lost without each channel [channel].

    ``weight`` [edge]: journeys on each edge, of one group or a sample of groups. Where journeys end in money, a
    conversion is worth the mean of those from the same last state. A channel without journeys has no effect.
    """
    states = transitions.states
    source, target = transitions.source, transitions.target
    leaving = np.bincount(source, weight, minlength=len(states))
    probability = np.divide(weight, leaving[source], out=np.zeros_like(weight), where=leaving[source] > 0)
    ends = target == CONVERSION
    worth = np.ones_like(weight)
    if value is not None:
        worth = np.divide(value, weight, out=np.zeros_like(weight), where=weight > 0)
    reward = np.bincount(source[ends], (probability * worth)[ends], minlength=len(states))
    moves = target > 0
    chain = sparse.csr_array(
        (probability[moves], (source[moves], target[moves])), shape=(len(states), len(states)), dtype=np.float64
    )
    # One column a channel that is removed, and the first with all of them there.
    kept = np.column_stack([np.ones(len(states)), ~states])
    whole, *without = _expected(chain, reward, kept)[0]
    return np.zeros(states.shape[1]) if whole <= 0 else 1.0 - np.array(without) / whole


def _expected(chain: sparse.csr_array, reward: FloatArray, kept: FloatArray) -> FloatArray:
    """Expected reward from each state [state, column], where a column's states that are not kept give nothing."""
    states = len(reward)
    if states <= _DENSE:
        dense, identity = chain.toarray(), np.eye(states)
        columns = [np.linalg.solve(identity - keep[:, None] * dense, keep * reward) for keep in kept.T]
        return np.asarray(np.column_stack(columns), dtype=np.float64)
    found = kept * reward[:, None]
    for _ in range(_ROUNDS):
        after = kept * (reward[:, None] + chain @ found)
        if np.abs(after - found).max() <= _CLOSE * max(float(np.abs(after).max()), 1e-300):
            break
        found = after
    return np.asarray(after, dtype=np.float64)


def shares(effects: FloatArray) -> FloatArray:
    """Removal effects scaled to add up to 1; zeros where there are none."""
    total = effects.sum()
    return effects / total if total > 0 else np.zeros_like(effects)
