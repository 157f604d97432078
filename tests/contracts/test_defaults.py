"""The defaults of every public call and of every settings key, so that none changes by accident.

A changed default changes somebody's numbers. Where it is meant, run ``make accept`` and say in CHANGELOG.md, under
"Numbers changed", what comes out different.
"""

import dataclasses
import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import mmm
from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.section import Section

STORED = Path(__file__).with_name("defaults.json")


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(mmm.__path__, "mmm."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def told(value: Any) -> str:
    if inspect.isroutine(value) or inspect.isclass(value):
        return f"{value.__module__}.{value.__qualname__}"
    return repr(value)


def defaults_of_call(call: Any) -> dict[str, str]:
    parameters = inspect.signature(call).parameters.values()
    return {p.name: told(p.default) for p in parameters if p.default is not inspect.Parameter.empty}


def defaults_of_section(section: type[Section]) -> dict[str, str]:
    fields = section.model_fields.items()
    return {
        name: told(field.get_default(call_default_factory=True)) for name, field in fields if not field.is_required()
    }


def current() -> dict[str, dict[str, str]]:
    """Defaults by the dotted name of the function, dataclass or section that has them."""
    found: dict[str, dict[str, str]] = {}
    for module in modules():
        for name, item in vars(module).items():
            if name.startswith("_") or getattr(item, "__module__", None) != module.__name__:
                continue
            if inspect.isclass(item) and issubclass(item, Section):
                defaults = defaults_of_section(item)
            elif inspect.isfunction(item) or (inspect.isclass(item) and dataclasses.is_dataclass(item)):
                defaults = defaults_of_call(item)
            else:
                continue
            if defaults:
                found[f"{module.__name__}.{name}"] = defaults
    for registry in (ADSTOCKS, SATURATIONS):
        for family in registry:
            priors = {p.name: told(p.prior) for p in family.parameters}
            found[f"the family of {registry.word} '{family.name}'"] = priors
    return dict(sorted(found.items()))


def test_no_default_changed_by_accident() -> None:
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert current() == stored, "A default changed. If meant: `make accept`, and tell it in CHANGELOG.md."


if __name__ == "__main__":
    STORED.write_text(json.dumps(current(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
