"""The recommendation in words: what the evidence supports, and what to do where it does not separate the plans."""

from dataclasses import dataclass

import pandas as pd

from mmm.digits import amount
from mmm.planning.information import perfect_information
from mmm.planning.moves import directions, few_moves, key_moves, smaller_moves
from mmm.planning.result import Plan


@dataclass(frozen=True)
class Advice:
    """``sentences`` say it; the tables back it up. ``test`` is the channel whose curve is worth most to know."""

    sentences: tuple[str, ...]
    moves: pd.DataFrame
    smaller: pd.DataFrame
    information: pd.DataFrame
    beyond: pd.DataFrame
    test: str | None


def advise(
    plan: Plan,
    information: pd.DataFrame | None = None,
    moves: pd.DataFrame | None = None,
    smaller: pd.DataFrame | None = None,
) -> Advice:
    """The honest part of a plan: verdict, moves, directions, extrapolation, value of information.

    ``information`` is the value of perfect information, ``moves`` and ``smaller`` are the key and the smaller moves,
    where they are known already.
    """
    moves = key_moves(plan) if moves is None else moves
    smaller = smaller_moves(plan) if smaller is None else smaller
    information = perfect_information(plan) if information is None else information
    beyond = plan.beyond
    ranked = information.drop(index="all channels", errors="ignore")
    worth = ranked["value"].iloc[0] if len(ranked) else 0.0
    test = str(ranked.index[0]) if worth > 1e-4 * abs(float(plan.outcome_draws.mean())) else None
    sentences = [plan.sentence, *_when_open(plan, smaller, test)]
    sentences += [text for text in (few_moves(moves), _direction_sentence(plan), _beyond_sentence(beyond)) if text]
    if test is not None:
        sentences.append(
            f"Not knowing the curve of {test} exactly costs this decision {_amount(plan, worth)} on average: a test "
            "there is worth most."
        )
    sentences.append(plan.certificate.words())
    return Advice(tuple(sentences), moves, smaller, information, beyond, test)


def _amount(plan: Plan, value: float, *within: float) -> str:
    return f"{amount(value, *within)} {plan.unit}"


def _when_open(plan: Plan, smaller: pd.DataFrame, test: str | None) -> list[str]:
    if plan.verdict != "open":
        return []
    said = []
    if 0.5 in smaller.index:
        row = smaller.index.get_loc(0.5)
        half = {name: float(smaller[name].to_numpy()[row]) for name in smaller.columns}
        ends = (half["gain"], half["gain_lower"], half["gain_upper"])
        said.append(
            f"A smaller move, half of the way, has an expected gain of {_amount(plan, half['gain'], *ends)} (90% "
            f"interval {amount(ends[1], *ends)} to {amount(ends[2], *ends)}), and {_amount(plan, half['worst5'])} in "
            "the worst 5%."
        )
    if test is not None:
        said.append(f"{'Or test' if said else 'Test'} {test} before moving its money.")
    return said


def _direction_sentence(plan: Plan) -> str:
    said = directions(plan)
    return f"How sure each direction is: {'; '.join(said)}." if said else ""


def _beyond_sentence(beyond: pd.DataFrame) -> str:
    if beyond.empty:
        return ""
    parts = [f"{name} ({row['ratio']:.1f} x its largest period so far)" for name, row in beyond.iterrows()]
    return f"Beyond what was ever observed: {', '.join(parts)}; the curve there is the model's assumption."
