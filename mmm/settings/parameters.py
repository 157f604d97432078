"""Parameters of one run, as ``-p total_budget=1200000 -p horizon="13 weeks"``: checked before anything starts."""

from collections.abc import Iterable
from typing import Any

from mmm.errors import SettingsError
from mmm.settings.document import Settings
from mmm.settings.explain import dotted_keys
from mmm.settings.text import read_yaml
from mmm.suggest import close


def read_parameters(parameters: Iterable[str]) -> dict[str, Any]:
    """Overrides by dotted key, from texts ``name=value``.

    A name is dotted (``plan.total_budget``, ``plan.channels.tv.maximum``), or short where one section alone has it
    (``total_budget``). Values are read as YAML: ``1.2e6``, ``true``, ``[0.5, 1.5]``, ``13 weeks``. The rules of each
    key are checked with the settings that the parameters belong to.

    Raises SettingsError for text without ``=``, an unknown, ambiguous or repeated name, or an unreadable value.
    """
    found: dict[str, Any] = {}
    for parameter in parameters:
        name, equals, text = parameter.partition("=")
        name = name.strip()
        if not equals or not name:
            raise SettingsError(f"Parameter '{parameter}' is not of the form name=value, such as total_budget=1200000.")
        key = _dotted(name)
        if key in found:
            raise SettingsError(f"Parameter {key} is given twice ('{found[key]}' and '{text}'). Give it once.")
        found[key] = read_yaml(text, f"Parameter {name}")
    return found


def _dotted(name: str) -> str:
    known = dotted_keys()
    section, dot, rest = name.partition(".")
    if dot:
        if f"{section}.{rest.partition('.')[0]}" in known:
            return name
        raise SettingsError(f"Parameter '{name}' does not exist. {_nearest(name, known)}")
    if name in Settings.model_fields:
        return name
    homes = [key for key in known if key.endswith(f".{name}")]
    if len(homes) > 1:
        raise SettingsError(f"Parameter '{name}' could be {' or '.join(homes)}. Write the one you mean in full.")
    if not homes:
        raise SettingsError(f"Parameter '{name}' does not exist. {_nearest(name, known)}")
    return homes[0]


def _nearest(name: str, known: list[str]) -> str:
    """The keys close to a misspelt name, in full or without their section; else the keys of the plan."""
    near = close(name, known, most=2, cutoff=0.75)
    if not near:
        last = close(name.rpartition(".")[2], {k.rpartition(".")[2] for k in known})
        near = [key for key in known if last and key.rpartition(".")[2] == last[0]]
    if near:
        return f"Did you mean {' or '.join(near)}?"
    plan = [key.partition(".")[2] for key in known if key.startswith("plan.")]
    return f"Those of the plan: {', '.join(plan)}."
