"""The ``monitor.alerts`` section: which points are told, to whom, how often, and when not."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from mmm.data.calendar import Duration
from mmm.databases import Variable
from mmm.monitoring.state import Kind, Severity
from mmm.section import Section

Mail = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", max_length=254)]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class FileTarget(Section):
    """A line of JSON an alert, appended to a file relative to the settings file."""

    kind: Literal["file"]
    path: Path


class TerminalTarget(Section):
    """Standard error of the run that tells it."""

    kind: Literal["terminal"]


class SlackTarget(Section):
    """An incoming webhook that takes ``{"text": ...}``, as Slack's do."""

    kind: Literal["slack"]
    address: Variable
    """Environment variable that holds the webhook's address."""


class WebhookTarget(Section):
    """A POST of JSON. With ``secret`` it is signed: ``X-MMM-Signature: t=SECONDS,v1=HMAC-SHA256("SECONDS.BODY")``."""

    kind: Literal["webhook"]
    address: Variable
    """Environment variable that holds the address."""
    secret: Variable | None = None
    """Environment variable that holds the secret of the signature."""


class MailTarget(Section):
    """An e-mail. The server's address is ``smtps://USER:PASSWORD@HOST:465`` (TLS from the start) or
    ``smtp://USER:PASSWORD@HOST:587`` (STARTTLS, which the server has to offer unless it is this machine)."""

    kind: Literal["email"]
    address: Variable
    """Environment variable that holds the server's address."""
    sender: Mail
    to: Annotated[tuple[Mail, ...], Field(min_length=1, max_length=50)]


Target = Annotated[FileTarget | TerminalTarget | SlackTarget | WebhookTarget | MailTarget, Field(discriminator="kind")]


class AlertRule(Section):
    """What is told of one kind of point otherwise than by default."""

    kind: Kind
    channel: str | None = None
    """One channel only; all by default."""
    above: Annotated[float, Field(ge=0.0, le=1e15)] = 0.0
    """Least size: a share for pace, evidence for surprises, money for limits."""
    severity: Severity | None = None
    """Its severity instead of its own."""
    advice: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """The recommended action instead of its own."""


class QuietHours(Section):
    """Hours of the clock in which only what is to be acted on is told; the rest waits for their end."""

    start: Clock = "20:00"
    end: Clock = "07:00"
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"'{value}' is no time zone; write one such as Europe/Berlin") from error
        return value

    def until(self, now: dt.datetime) -> dt.datetime | None:
        """When the quiet hours that ``now`` lies in end; None outside them."""
        local = now.astimezone(ZoneInfo(self.timezone))
        start, end = (dt.time.fromisoformat(text) for text in (self.start, self.end))
        clock = local.time()
        inside = start <= clock < end if start <= end else clock >= start or clock < end
        if not inside:
            return None
        day = local.date() + dt.timedelta(days=1 if clock >= end else 0)
        return dt.datetime.combine(day, end, tzinfo=local.tzinfo).astimezone(dt.UTC)


class AlertSettings(Section):
    """Whom `mmm monitor` tells what is off. Without targets nobody is told."""

    targets: dict[Annotated[str, Field(min_length=1, max_length=60)], Target] = Field(default_factory=dict)
    least: Severity = "look"
    """Least severity that is told: act, look or note."""
    again: Duration = "7 days"
    """What is still off is told again after so long, unless somebody acknowledged it."""
    worse: Annotated[float, Field(gt=1.0, le=100.0)] = 1.5
    """It is told again at once when it has grown by this factor, or became more severe."""
    rules: tuple[AlertRule, ...] = ()
    """The first that fits a point counts; a point below its ``above`` is not told."""
    quiet: QuietHours | None = None

    @model_validator(mode="after")
    def _files_stay_below(self) -> Self:
        for name, target in self.targets.items():
            if isinstance(target, FileTarget) and ".." in target.path.parts:
                raise ValueError(f"targets.{name}.path must not leave the folder of the settings: '{target.path}'")
        return self
