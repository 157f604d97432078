"""A further outcome of the same media: new and existing customers, products, shops. Effects add up in money.

Given the media the equations share no parameters. Errors that hang together move no effect; how much they do is told as
the correlation of what both equations leave unexplained.
"""

from mmm.data.dataset import Dataset
from mmm.model.response import ResponseDraws
from mmm.model.settings import ModelSettings
from mmm.model.stage import Stage


def _panel(dataset: Dataset, _settings: ModelSettings, name: str) -> Dataset:
    return dict(dataset.outcomes)[name]


def _believed(settings: ModelSettings, _name: str) -> ModelSettings:
    return settings


def _way(_direct: ResponseDraws, _name: str, own: ResponseDraws) -> ResponseDraws:
    return own


RECORD = Stage(
    name="outcome",
    meaning="A further outcome of the same media, such as existing customers beside new ones: effects add up in money.",
    panel=_panel,
    believed=_believed,
    way=_way,
    beside=True,
)
