"""From settings to the request that they are."""

from mmm.data.dataset import Dataset
from mmm.model.mixture import Beliefs
from mmm.settings.document import Settings
from mmm.settings.read import load_dataset, load_evidence
from mmm.workflow.request import Request


def request_of(settings: Settings, dataset: Dataset | None = None) -> Request:
    """What the settings ask for, on their panel; ``dataset``, where given, is that panel, loaded before.

    Raises SettingsError or DataError for what is wrong with the panel or the experiments.
    """
    dataset = load_dataset(settings) if dataset is None else dataset
    beliefs = Beliefs(settings.model, load_evidence(settings, dataset))
    return Request(dataset, beliefs, settings.sampler, settings.gate, settings.backtest, settings.plan)
