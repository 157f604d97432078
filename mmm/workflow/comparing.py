"""Several requests on one outcome, fitted, refreshed and set side by side."""

from collections.abc import Callable, Mapping

from mmm.assessment.comparison import Compared, Comparison, compared
from mmm.errors import SettingsError
from mmm.workflow.analysing import analysed
from mmm.workflow.fitting import fitted
from mmm.workflow.judging import refreshed
from mmm.workflow.request import Request

Say = Callable[[str], None]


def models_compared(
    requests: Mapping[str, Request], *, ahead: bool = True, progress: bool = False, say: Say = lambda _: None
) -> Comparison:
    """Fit every request (found where it is stored), refresh it where ``ahead`` is wished, and compare.

    Raises SettingsError where two requests are one model, DataError where they are not of one outcome, FitError where
    sampling fails; what was fitted by then stays in its store.
    """
    made: dict[str, Compared] = {}
    keys: dict[str, str] = {}
    for number, (name, request) in enumerate(requests.items(), start=1):
        say(f"Model '{name}' ({number} of {len(requests)}):")
        fit = fitted(request, progress=progress, say=say)
        same = keys.setdefault(fit.key, name)
        if same != name:
            raise SettingsError(f"comparison.models: '{name}' and '{same}' are the same model. Change or remove one.")
        backtest = refreshed(request, say) if ahead else None
        made[name] = Compared(fit, analysed(fit, request.store), backtest)
    return compared(made)
