"""Cases of plans: limits in words are the limits applied, and advice keeps to them."""

import math
import re

from running import QUICK, Case, Judge, Ran, allocation, ends, given, outside_their_interval, page, says, silent

_PAUSED = "10-channel-paused-in-plan-window"
_TODAY = 128_748


def plan(config: str, *more: str, quick: list[str] = QUICK) -> tuple[str, ...]:
    return ("{mmm}", "plan", config, *quick, *more, "--out", f"out/{name_of(config, more)}")


def name_of(config: str, more: tuple[str, ...] = ()) -> str:
    return config.removesuffix(".yaml") + "".join(c for c in "".join(more) if c.isalnum())


def within_limits(ran: Ran, config: str, *more: str) -> list[str]:
    """Every channel's spend lies within the limits that stand beside it."""
    found = []
    for channel, row in allocation(ran, name_of(config, more)).items():
        low, high, spend = row["lower_bound"], row["upper_bound"], row["spend"]
        slack = 1.0 + 1e-6 * abs(spend)
        if not low - slack <= spend <= high + slack:
            found.append(f"{channel} is planned at {spend:,.0f} beside 'allowed {low:,.0f} to {high:,.0f}'")
    return found


def held(config: str, **spend: float) -> Judge:
    def judge(ran: Ran) -> list[str]:
        wrong = ends(ran, 0)
        if wrong:
            return wrong
        rows = allocation(ran, name_of(config))
        wrong = [
            f"{n} at {rows[n]['spend']:,.2f}, not {v:,.0f}" for n, v in spend.items() if abs(rows[n]["spend"] - v) > 0.5
        ]
        return [*wrong, *within_limits(ran, config)]

    return judge


def _kept(config: str) -> Judge:
    return lambda ran: ends(ran, 0) or within_limits(ran, config)


def _minimum(ran: Ran) -> list[str]:
    """A minimum alone is no maximum."""
    if ran.code in (2, 6):
        return says(ran, "tv", "maximum")
    wrong = [*ends(ran, 0), *silent(ran, "tv at most 50,000", "50,000 to 50,000")]
    if not wrong and allocation(ran, "plan_tvmin")["tv"]["upper_bound"] <= 50_000.5:
        wrong.append("the minimum of 50,000 is a maximum too")
    return wrong


def _smallest(ran: Ran) -> list[str]:
    wrong = [*ends(ran, 0), *within_limits(ran, "plan_smallest.yaml")]
    spent = sum(row["spend"] for row in allocation(ran, "plan_smallest").values())
    if spent > _TODAY + 1:
        wrong += silent(ran, r"total budget\s+(is at most )?128,7\d\d", "the total budget is at most 128,7")
    return wrong


def _per_week(ran: Ran) -> list[str]:
    """15,000 is a week's money: said; and no advice spends more than the cap."""
    wrong = [*ends(ran, 0), *says(ran, r"\b1[12]%|\b0\.12\b", "week")]
    if "smaller move" in ran.flat.lower():
        wrong.append("advises a smaller move, which costs more than the cap of 15,000")
    return wrong


def _fixed_zero(ran: Ran) -> list[str]:
    """0 is no truth value: refused, or social is held at zero."""
    if ran.code == 2:
        return says(ran, "fixed", "true")
    return ends(ran, 0) or held("config.yaml-pplan.channels.social.fixed=0", social=0)(ran)


_PROMOTIONS = """
import datetime as dt
weeks = [dt.date(2025, 6, 30) + dt.timedelta(weeks=i) for i in range(8)]
lines = ["week,promo", *(f"{week},{int(2 <= i <= 5)}" for i, week in enumerate(weeks))]
open("future.csv", "w").write("\\n".join(lines) + "\\n")
"""


def _promotions(written: Ran, ran: Ran) -> list[str]:
    """The promotions that are planned are taken, and the plan says so."""
    wrong = [*ends(written, 0), *ends(ran, 0)]
    return wrong or (
        [] if "as data.future has them: promo" in ran.out else ["the plan does not say that it takes promo"]
    )


def _organic(ran: Ran) -> list[str]:
    return [*ends(ran, 0, 2, 3), *silent(ran, "Nothing can be learned", "without spend or media")]


def _new_channel(before: Ran, after: Ran) -> list[str]:
    """No number outside its interval; a pause is named as one; page one says that TV is out of the decision."""
    wrong = [*ends(before, 0), *ends(after, 0)]
    if wrong:
        return wrong
    text = page(after, "newch")
    wrong = outside_their_interval(text)
    changed = text[text.find("What changed") :]
    if re.search(r"because its next (EUR|€) ?1 is now seen to win", changed) and "paus" not in changed:
        wrong.append("the pause of tv is explained by its return")
    if "tv takes no part in this decision" not in text[: len(text) // 4].lower():
        wrong.append("the first page does not say that tv paused and is out of the decision")
    return wrong


def _finite(ran: Ran) -> list[str]:
    wrong = ends(ran, 0)
    if wrong:
        return wrong
    rows = allocation(ran, name_of(ran.argv[2], ()))
    return [f"{n}: spend {row['spend']}" for n, row in rows.items() if not math.isfinite(row["spend"])]


# The crash of daily data needs the S-shaped members of the default mixture.
_FEW = ("sampler.draws=100", "sampler.tune=150", "sampler.chains=2", "sampler.attempts=1", "plan.draws=200")
_MIXTURE = given(*_FEW, "gate.override=true", "gate.holdout=null", "plan.curve_points=3")
_REPORT = [*QUICK, "-p", "report.formats=[html]"]

CASES = (
    Case(
        f"{_PAUSED}:config",
        (plan("config.yaml"),),
        "paused channels stay at zero, with a note",
        lambda r: [*held("config.yaml", tv=0, ooh=0)(r), *says(r, "tv", "ooh", "without spend|paus")],
        900,
        True,
    ),
    Case(
        f"{_PAUSED}:tvzero",
        (plan("plan_tvzero.yaml"),),
        "held exactly",
        held("plan_tvzero.yaml", tv=0, ooh=0),
        900,
        True,
    ),
    Case(
        f"{_PAUSED}:bounds1",
        (plan("plan_bounds1.yaml"),),
        "held exactly",
        held("plan_bounds1.yaml", tv=0, ooh=0),
        900,
        True,
    ),
    Case(
        f"{_PAUSED}:fixsocial",
        (plan("plan_fixsocial.yaml"),),
        "held exactly",
        held("plan_fixsocial.yaml", social=40000),
        900,
        True,
    ),
    Case(
        f"{_PAUSED}:robyn1017",
        (plan("plan_robyn1017.yaml"),),
        "exit 6: the upper limits add up to less",
        lambda r: [*ends(r, 6), *says(r, "154,49[67]")],
        900,
        True,
    ),
    Case(
        f"{_PAUSED}:robyn1017b",
        (plan("plan_robyn1017b.yaml"),),
        "within limits, unspent money said",
        lambda r: [*_kept("plan_robyn1017b.yaml")(r), *says(r, "unspent")],
        900,
        True,
    ),
    Case(
        f"{_PAUSED}:roas2",
        (plan("plan_roas2.yaml"),),
        "exit 6 or a plan within limits",
        lambda r: says(r, "No plan within|return") if r.code == 6 else _kept("plan_roas2.yaml")(r),
        900,
        True,
    ),
    Case(f"{_PAUSED}:tvmin", (plan("plan_tvmin.yaml"),), "a minimum is no maximum", _minimum, 900, True),
    Case(
        f"{_PAUSED}:smallest", (plan("plan_smallest.yaml"),), "table and rules hold for the plan", _smallest, 900, True
    ),
    Case(
        f"{_PAUSED}:perweek",
        (plan("plan_perweek.yaml"),),
        "says 12% of today's; advice keeps the cap",
        _per_week,
        900,
        True,
    ),
    Case(
        f"{_PAUSED}:annual",
        (plan("plan_annual.yaml"),),
        "within limits, unspent money said",
        lambda r: [*_kept("plan_annual.yaml")(r), *says(r, "unspent")],
        900,
        True,
    ),
    Case(f"{_PAUSED}:lastyear", (plan("plan_lastyear.yaml"),), "within limits", _kept("plan_lastyear.yaml"), 900, True),
    Case(
        f"{_PAUSED}:fixed0",
        (plan("config.yaml", "-p", "plan.channels.social.fixed=0"),),
        "fixed: 0 is refused, or holds zero",
        _fixed_zero,
        900,
        True,
    ),
    Case(
        "12-organic-and-impressions-only:plan",
        (plan("config.yaml"),),
        "planned, or refused with the true reason",
        _organic,
        900,
        True,
    ),
    Case(
        "14-new-channel-six-weeks:refresh",
        (("{mmm}", "report", "config_before.yaml", *_REPORT), ("{mmm}", "report", "config.yaml", *_REPORT)),
        "no number outside its interval, the pause named",
        _new_channel,
        1500,
        True,
        "no",
    ),
    Case(
        "17-daily-leap-weekday:plan",
        (plan("config.yaml", quick=_MIXTURE),),
        "a plan, no crash, no warning",
        _finite,
        2400,
        True,
    ),
    Case(
        "17-daily-leap-weekday:always-on",
        (plan("config_always_on.yaml", quick=_MIXTURE),),
        "a plan, no crash, no warning",
        _finite,
        2400,
        True,
    ),
    Case(
        "22-future-promotions:plan",
        (("{python}", "-c", _PROMOTIONS), plan("config.yaml", "-p", "data.future=future.csv")),
        "future values of controls are taken",
        _promotions,
        900,
        True,
    ),
)
