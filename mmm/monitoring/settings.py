"""The ``monitor`` section of the settings: what counts as off, and how often a false alarm is accepted."""

from typing import Annotated

from pydantic import Field

from mmm.monitoring.alerts.settings import AlertSettings
from mmm.section import Section

Share = Annotated[float, Field(gt=0.0, le=10.0)]


class MonitorSettings(Section):
    """What `mmm monitor` calls off the plan."""

    alpha: Annotated[float, Field(ge=1e-6, le=0.5)] = 0.05
    """Chance that a plan whose model is right is ever called a surprise, however often one looks."""
    pace: Share = 0.05
    """Share by which the money spent so far may differ from the plan's until then."""
    channel: Share = 0.15
    """The same for one channel, where it is at least 1% of the plan's money."""
    baseline: Share = 0.1
    """Standard deviation of the changes of the whole market that the test looks for, relative to the outcome."""
    effect: Share = 0.5
    """Standard deviation of the changes of one channel's effect that the test looks for, relative to the effect."""
    draws: Annotated[int, Field(ge=200, le=100_000)] = 1000
    """Posterior draws behind what was expected."""
    alerts: AlertSettings = AlertSettings()
    """Whom `mmm monitor` tells what is off."""
