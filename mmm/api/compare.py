"""``mmm.compare_models``: fits of one outcome side by side."""

from collections.abc import Mapping

from mmm.api.fit import Fit
from mmm.assessment.comparison import Compared, Comparison, compared
from mmm.errors import SettingsError
from mmm.workflow.judging import refreshed


def compare_models(fits: Mapping[str, Fit], *, ahead: bool = False) -> Comparison:
    """Compare fits of one panel under different beliefs: ``mmm.compare_models({"plain": one, "with price": other})``.

    ``comparison.table`` (index model, the best first) has log densities of periods left out (PSIS-LOO) with standard
    errors of their differences, and, where ``ahead``, the CRPS of refreshes made again, each with fits of its own;
    ``comparison.returns`` what each says of every channel. See :class:`mmm.assessment.comparison.Comparison`.

    Raises SettingsError where an item is no fit of :func:`mmm.fit`, DataError where there are fewer than two or they
    are not of one outcome.
    """
    for name, one in fits.items():
        if not isinstance(one, Fit):
            raise SettingsError(f"compare_models: '{name}' is a {type(one).__name__}; give what mmm.fit returns.")
    return compared(
        {name: Compared(one, one.analysis, refreshed(one.request) if ahead else None) for name, one in fits.items()}
    )
