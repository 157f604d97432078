"""One YAML file, one typed and validated object: the settings of an analysis, composed of each layer's own section."""

from mmm.settings.document import Settings
from mmm.settings.parameters import read_parameters
from mmm.settings.read import (
    dump_changed,
    dump_settings,
    json_schema,
    load_dataset,
    load_evidence,
    load_settings,
    settings_from,
)

__all__ = [
    "Settings",
    "dump_changed",
    "dump_settings",
    "json_schema",
    "load_dataset",
    "load_evidence",
    "load_settings",
    "read_parameters",
    "settings_from",
]
