"""The one exception tree of the workbench.

Every error that a user can cause derives from :class:`MMMError`, is a sentence, and names what was wrong, the rule,
the value received and the next step. The command line turns the class into an exit code.
"""


class MMMError(Exception):
    """Base of all errors that the workbench raises on purpose; ``exit_code`` is what the command line returns."""

    exit_code = 1


class SettingsError(MMMError):
    """A settings file, a parameter or an argument breaks a rule."""

    exit_code = 2


class DataError(MMMError):
    """The data cannot be used as they are; the message lists the rows."""

    exit_code = 3


class FitError(MMMError):
    """Sampling failed, or a stored fit cannot be used."""

    exit_code = 4


class GateError(MMMError):
    """The model did not pass its gate, so nothing may be decided on it."""

    exit_code = 5


class PlanError(MMMError):
    """No plan satisfies the constraints, or the plan's inputs are unusable."""

    exit_code = 6


class ReportError(MMMError):
    """A report could not be produced."""

    exit_code = 7


class RegisterError(MMMError):
    """The register of plans refuses an act, cannot be opened, or was changed behind its back."""

    exit_code = 8


def sampler_stopped(error: Exception) -> FitError:
    """What to say where a sampler, of whichever engine, raised ``error`` instead of drawing."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return FitError(
        f"The sampler could not start or stopped ({reason}). Run 'mmm check' on the data, and look for priors "
        "that contradict them."
    )
