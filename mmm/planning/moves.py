"""Which few moves carry the gain, how sure each direction is, how far the plan leaves what was observed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.planning.linear import allows
from mmm.planning.result import Gain, Plan, chance, less

NEW_MONEY, UNSPENT = "new money", "unspent"
_LEVELS = 11
_TRIFLE = 1e-3


def _at(plan: Plan, progress: Floats) -> Floats:
    """Money [h, g, c] with each channel moved a share ``progress[c]`` of the way to the plan."""
    return plan.problem.reference + progress * (plan.money - plan.problem.reference)


def _net(plan: Plan, money: Floats) -> Floats:
    """Expected worth by channel: margin x effect - money where a margin is known, else the effect."""
    effect = plan.problem.effect_draws(money).mean(axis=0)
    return effect if plan.margin is None else plan.margin * effect - money.sum(axis=(0, 1))


@dataclass
class _Walk:
    """The way from the reference plan to the plan, move by move, on tabulated expected worth by channel."""

    change: Floats
    table: Floats  # [levels, c]
    progress: Floats

    def worth(self, progress: Floats) -> Floats:
        grid = np.linspace(0.0, 1.0, len(self.table))
        return np.array([np.interp(p, grid, column) for p, column in zip(progress, self.table.T, strict=True)])

    def best(self, left_over: float) -> tuple[int, int, float] | None:
        """The next (source, destination, amount) with the largest gain; -1 stands for money outside the channels."""
        here = self.worth(self.progress)
        left = self.change * (1 - self.progress)
        floor = _TRIFLE * max(1e-300, float(np.abs(self.change).sum()))
        sources = [c for c in range(len(left)) if left[c] < -floor] + ([-1] if left_over > floor else [])
        targets = [c for c in range(len(left)) if left[c] > floor] + ([-1] if left_over < -floor else [])
        best, most = None, -np.inf
        for s in sources:
            for t in targets:
                amount = min(-left[s] if s >= 0 else left_over, left[t] if t >= 0 else -left_over)
                moved = self.progress.copy()
                for c in (s, t):
                    if c >= 0:
                        moved[c] += amount / abs(self.change[c])
                gained = float((self.worth(moved) - here).sum())
                if gained > most:
                    best, most = (s, t, float(amount)), gained
        return best


def key_moves(plan: Plan) -> pd.DataFrame:
    """The moves that lead from the reference plan to the plan, the one with the largest gain first.

    Columns: ``source``, ``destination`` (channels, or new money / unspent), ``amount``, and the expected ``gain``
    (profit where the outcome has a value) of all moves up to this one with its ``share`` of the plan's gain. Money that
    stays in its channel but changes place or time is a move within the channel.
    """
    names = plan.problem.channels
    change = plan.money.sum(axis=(0, 1)) - plan.problem.reference_totals
    grid = np.linspace(0.0, 1.0, _LEVELS)
    c = len(names)
    table = np.array([_net(plan, _at(plan, np.full(c, level))) for level in grid])
    walk = _Walk(change, table, np.zeros(c))
    left_over, rows = float(change.sum()), []
    while (step := walk.best(left_over)) is not None:
        s, t, amount = step
        for channel in (s, t):
            if channel >= 0:
                walk.progress[channel] += amount / abs(change[channel])
        left_over += amount if t < 0 else -amount if s < 0 else 0.0
        rows.append((NEW_MONEY if s < 0 else names[s], UNSPENT if t < 0 else names[t], amount, walk.progress.copy()))
    moved_inside = np.abs(plan.money - plan.problem.reference).sum(axis=(0, 1)) / 2
    for i in np.argsort(-moved_inside):
        if walk.progress[i] < 1 - _TRIFLE and moved_inside[i] > _TRIFLE * max(1e-300, plan.spend):
            walk.progress[i] = 1.0
            rows.append((names[i], names[i], float(moved_inside[i]), walk.progress.copy()))
    start, whole = table[0].sum(), table[-1].sum() - table[0].sum()
    gains = np.array([_net(plan, _at(plan, progress)).sum() - start for *_, progress in rows])
    return pd.DataFrame(
        {
            "source": [row[0] for row in rows],
            "destination": [row[1] for row in rows],
            "amount": [row[2] for row in rows],
            "gain": gains,
            "share": gains / whole if whole else np.full(len(rows), np.nan),
        },
        index=pd.RangeIndex(1, len(rows) + 1, name="move"),
    )


def few_moves(moves: pd.DataFrame, enough: float = 0.8) -> str:
    """How many moves carry most of the gain, as a sentence; empty where there is none."""
    if moves.empty or not np.isfinite(moves["share"]).all():
        return ""
    reached = np.flatnonzero(moves["share"].to_numpy() >= enough)
    count = int(reached[0]) + 1 if len(reached) else len(moves)
    words = {1: "One move gives", 2: "Two moves give", 3: "Three moves give", 4: "Four moves give"}
    return f"{words.get(count, f'{count} moves give')} {moves['share'].iloc[count - 1]:.0%} of the gain."


def smaller_moves(plan: Plan, shares: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)) -> pd.DataFrame:
    """Going part of the way from the reference plan to the plan: gain, interval, probability and worst 5% by share.

    A part of the way that breaks a rule of the plan is not there: it would be advice against what was asked.
    """
    today = plan.reference_draws
    rows = {}
    for share in shares:
        money = _at(plan, np.full(len(plan.problem.channels), share))
        if share < 1.0 and not _permitted(plan, money):
            continue
        draws = less(plan.problem.effect_draws(money).sum(axis=1), today)
        if plan.margin is not None and not plan.same_total:
            draws = plan.margin * draws - (plan.problem.spent(money) - plan.reference_spend)
        gain = Gain(draws)
        rows[share] = {
            "gain": gain.mean,
            "gain_lower": gain.lower,
            "gain_upper": gain.upper,
            "probability": gain.probability,
            "worst5": gain.worst5,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("share_of_the_way")


def _permitted(plan: Plan, money: Floats) -> bool:
    """Whether money [h, g, c] keeps the plan's rules; a plan of the budget that was looked for has no parts."""
    return not plan.settings.objective.seeks_budget and allows(plan.program, plan.space.numbers(money))


def directions(plan: Plan) -> list[str]:
    """How sure the direction of each changed channel is, surest first: "increase search: 97%"."""
    table = plan.allocation
    said = []
    for name, row in table.iterrows():
        share = row["probability_direction"]
        if np.isnan(share) or abs(row["change"]) < 0.005 * max(plan.reference_spend, 1e-300):
            continue
        sure = share if row["change"] > 0 else 1 - share
        said.append((float(sure), f"{'increase' if row['change'] > 0 else 'decrease'} {name}: {chance(sure)}"))
    return [text for _, text in sorted(said, key=lambda pair: -pair[0])]
