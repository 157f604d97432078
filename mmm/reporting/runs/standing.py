"""The plan's state in the register, in words."""

from datetime import datetime

from mmm.register.standing import Standing
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.formatter import Formatter

_STATES = {
    "draft": mark("a draft"),
    "submitted": mark("submitted, not yet approved"),
    "approved": mark("approved"),
    "rejected": mark("rejected"),
    "active": mark("approved and active"),
    "superseded": mark("superseded by a later plan"),
    "settled": mark("settled"),
}
"""States of a plan in the register, in words."""


def standing_words(standing: Standing | None, fmt: Formatter) -> str:
    """The plan's state in the register, and who approved it when."""
    plan = None if standing is None else standing.plan
    if plan is None:
        return ""
    text = " " + fmt.t("In the register: plan {plan}, {state}.", plan=plan.id, state=fmt.t(_STATES[plan.state]))
    step = plan.last("approve")
    if step is not None:
        day = fmt.date(datetime.fromisoformat(step.at).date())
        text += " " + fmt.t("Approved by {name} on {date}.", name=step.by, date=day)
    return text
