"""What the page of the study says of itself and of the methods."""

from mmm.study.methods import ALONE, BOLD, KEEP, LAST_TOUCH, OURS, TOLD, YARDSTICK
from mmm.study.worlds import HIDDEN, TESTED

INTRO = f"""# What the answers and the plans are worth

Made by `make study`. Every world has a truth that no method is told: the simulator's library, in which each world
breaks one assumption of media mix models or several, and public data. A simulated world is {HIDDEN} weeks longer than
the outcome that a method sees; it knows media and controls of these weeks. One fit a method and world gives the returns
over the weeks seen, the plan for the {HIDDEN} weeks after them (today's total, every channel within 30% of its spend of
the last {HIDDEN} weeks) and the forecast of the outcome that was hidden. The plan is then spent in the simulator.

Every kind of world is drawn three times. Defaults may be chosen on one draw; **what is reported here are the other
two**, national, of the world in which nothing is broken one, and for some kinds one with four regions. Intervals are
90%. Errors, widths and interval scores (Gneiting and Raftery 2007, eq. 43) are relative to the true return; where that
is zero or negative, to the mean size of the world's true returns. The error of a coverage is one standard error,
clustered by world. ROAS counts carryover after the last week where the method's own function does. sRMSE of
contributions is the public benchmark's. A plan "lost" where it truly ends below today's.

"""

_PYMC_MARKETING = (
    "1.3.0: geometric adstock of 8 weeks, logistic saturation, two yearly Fourier modes, its own priors; its "
    "incrementality and its budget optimiser, told how today's plan spreads money over weeks"
)
_LAST_TOUCH = (
    "each week's whole outcome credited to the channels in proportion to the week's money; money follows the outcome "
    "credited"
)
_YARDSTICK = (
    "no method: generalised least squares told every channel's true contribution up to its size, so carryover, curve, "
    "timing and path, and how the baseline may bend. Without prior knowledge of the sizes, less error than it makes is "
    "not to be had from the same rows. Its plan is the best one if its estimates were true"
)
_TOLD = "the same, told of one hold-out each of {tested}, read with a standard error of a fifth of the effect"
LINES = (
    (OURS, "`mmm report` with its defaults: the weighted mixture of models, its planner, its gate"),
    (TOLD, _TOLD.format(tested=" and ".join(TESTED))),
    (BOLD, "the same fit with `plan.objective: expected_outcome`"),
    (ALONE, "the same fit with `plan.discrepancy: null`: plan and promise by the posterior as it is"),
    ("PyMC-Marketing", _PYMC_MARKETING),
    (
        "Meridian",
        "2.1.0: its default `ModelSpec`, the hidden weeks as its holdout; its analyzer and its budget optimiser",
    ),
    (LAST_TOUCH, _LAST_TOUCH),
    (KEEP, "nothing changes"),
    (YARDSTICK, _YARDSTICK),
)
NOTE = """Peers run {chains} chains of {draws} draws after {tune} of warm-up, each in its own environment. Their
warning is R-hat above 1.01, divergences, an optimiser that failed, and what Meridian's own model review fails or asks
to look at. The workbench's gate judges the forecast of the hidden weeks, so its warnings here include what those weeks
told. A promise is counted as the method's own optimiser counts it: Meridian's leaves out what comes after the last
week.

"""
