"""Where figures are painted: axes of the caller's, or a new figure of pyplot's."""

from matplotlib.axes import Axes

from mmm.errors import SettingsError
from mmm.reporting.figures.sheet import WIDE, Drawing


def painted(drawing: Drawing, ax: Axes | None) -> list[Axes]:
    """The axes of a figure, painted on ``ax`` or on a new figure."""
    if ax is not None:
        if not isinstance(ax, Axes):
            raise SettingsError(
                f"mmm.plot: ax is a {type(ax).__name__}; the rule is matplotlib axes, such as plt.subplots()[1]."
            )
        return drawing.on(ax.figure, ax)
    # Imported here: pyplot chooses a window or a notebook to draw in, and only who plots wants that.
    import matplotlib.pyplot as plt

    return drawing.on(plt.figure(figsize=(WIDE / 72, drawing.heights[0] / 72)))


def painted_once(drawing: Drawing, ax: Axes | None) -> Axes:
    """The same for a figure of one pair of axes."""
    return painted(drawing, ax)[0]
