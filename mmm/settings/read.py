"""Reading, writing and describing settings."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mmm.calibration import read_evidence
from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.files import Wanted, read_bytes
from mmm.model.evidence import Evidence
from mmm.settings.document import Settings, duration_problems
from mmm.settings.explain import settings_error
from mmm.settings.text import read_yaml, write_yaml
from mmm.suggest import did_you_mean

_FILE = Wanted(
    "The settings file",
    300_000,
    advice="Name the YAML file with the settings; configs/template.yaml is one to start from.",
)
_DEEPEST = 12
"""Parts of a parameter's dotted name: deeper than any key."""
_MOST_NAMES = 20


def load_settings(path: Path | str, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings in a YAML file, with ``overrides`` by dotted key (``{"plan.total_budget": 1.2e6}``) on top.

    Raises SettingsError that lists every problem by file, key, rule and value received.
    """
    path = Path(path)
    return settings_from(read_yaml(read_bytes(path, _FILE), str(path)), overrides, base=path.parent, origin=str(path))


def settings_from(
    document: Any, overrides: Mapping[str, Any] | None = None, *, base: Path | str = ".", origin: str = "settings"
) -> Settings:
    """Settings from a parsed document; relative paths start from ``base``, and messages from ``origin``.

    Raises SettingsError that lists every problem.
    """
    if not isinstance(document, dict):
        kind = "empty" if document is None else f"a {type(document).__name__}"
        raise SettingsError(f"{origin}: a settings file is a mapping with 'name' and 'data'; this is {kind}.")
    for key, value in (overrides or {}).items():
        if key.count(".") >= _DEEPEST:
            raise SettingsError(f"Parameter '{key[:80]}...' has more than {_DEEPEST} parts. No key lies so deep.")
        document = _with(document, key.split("."), value, key)
    if overrides:
        origin = f"{origin} with {', '.join(overrides)} given as parameters"
    try:
        return Settings.model_validate(document).with_base(Path(base))
    except ValidationError as error:
        raise settings_error(error, origin) from error
    except RecursionError as error:
        raise SettingsError(f"{origin}: nested too deeply to be settings. Keep to the template's levels.") from error


def _with(document: Mapping[str, Any], parts: list[str], value: Any, key: str) -> dict[str, Any]:
    """A copy of the document with ``value`` at the path ``parts``; missing sections are made on the way."""
    first, rest = parts[0], parts[1:]
    if not rest:
        return {**document, first: value}
    inner = document.get(first)
    if inner is not None and not isinstance(inner, dict):
        raise SettingsError(
            f"Parameter {key}: '{first}' is {inner!r} in the file, not a mapping, so nothing can be set below it. "
            f"Give the whole of '{first}' instead."
        )
    return {**document, first: _with(inner or {}, rest, value, key)}


def dump_settings(settings: Settings) -> str:
    """YAML with every key, defaults included, that reads back as the same settings."""
    return write_yaml(settings.model_dump(mode="json"))


def dump_changed(settings: Settings) -> str:
    """YAML with the keys alone whose values are not the defaults; it reads back as the same settings."""
    return write_yaml(settings.model_dump(mode="json", exclude_defaults=True))


def json_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a settings file; with it an editor completes and checks the YAML."""
    schema = Settings.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Settings of a media mix analysis",
    }


def load_dataset(settings: Settings) -> Dataset:
    """The panel that the settings name: ``demo``, or a file relative to the settings file.

    Raises DataError with all problems of the data, SettingsError where the settings do not fit the panel: durations
    that are not whole periods, or longer than the data allow.
    """
    # Imported here: the readers of files and the simulator are not needed to check settings.
    from mmm.data.load import load
    from mmm.simulate import demo_frame

    dataset = load(settings.data, settings.base, {"demo": demo_frame})
    require_fitting(settings, dataset)
    return dataset


def require_fitting(settings: Settings, dataset: Dataset) -> None:
    """Raise SettingsError where settings do not fit a panel: durations that are not whole periods or too long, labels
    of names that are nowhere.
    """
    problems = list(duration_problems(settings, dataset.frequency)) or list(_length_problems(settings, dataset))
    problems += _label_problems(settings, dataset)
    if problems:
        raise SettingsError("The settings do not fit the data.\n" + "\n".join(f"  - {line}" for line in problems))


def load_evidence(settings: Settings, dataset: Dataset) -> Evidence:
    """The experiments that the settings name, checked against the panel. Raises DataError with all problems."""
    lookback = parse_periods(settings.model.lookback, dataset.frequency)
    return read_evidence(settings.experiments, dataset, settings.base, lookback)


def _label_problems(settings: Settings, dataset: Dataset) -> Iterator[str]:
    for name in sorted(set(settings.report.labels) - set(dataset.names)):
        known = ", ".join(dataset.names[:_MOST_NAMES]) + (", ..." if len(dataset.names) > _MOST_NAMES else "")
        near = did_you_mean(name, dataset.names)
        yield f"report.labels.{name}: nothing is called so. {near + ' ' if near else ''}Known: {known}."


def _length_problems(settings: Settings, dataset: Dataset) -> Iterator[str]:
    periods = len(dataset.dates)
    horizon = parse_periods(settings.plan.horizon, dataset.frequency)
    if horizon > periods:
        yield f"plan.horizon: {settings.plan.horizon} are {horizon} periods, but the data have {periods}. Shorten it."
    lookback = parse_periods(settings.model.lookback, dataset.frequency)
    if lookback > periods:
        asked = settings.model.lookback
        yield f"model.lookback: {asked} are {lookback} periods, but the data have {periods}. Shorten it."
    if settings.gate.holdout is not None:
        hidden = parse_periods(settings.gate.holdout, dataset.frequency)
        if hidden > periods // 2:
            yield (
                f"gate.holdout: {settings.gate.holdout} are {hidden} of {periods} periods; at least as many must "
                "remain. Shorten it, or set it to null."
            )
