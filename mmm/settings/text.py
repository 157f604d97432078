"""YAML in and out, safely: YAML 1.2's plain scalars only, no tags, no aliases, no key twice.

PyYAML reads YAML 1.1, where the geo ``NO`` is false, ``1:30`` is ninety and ``1e6`` is a text. Here only ``true`` and
``false`` are truth values, dates stay texts, and ``1e6`` is a number. Aliases are refused: nothing in a settings file
needs them, and with them a small file can be endless.
"""

import re
from typing import Any

import yaml

from mmm.errors import SettingsError

_SCALARS = {
    "null": (re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    "bool": (re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    "int": (re.compile(r"^[-+]?[0-9]+(?:_[0-9]+)*$"), list("-+0123456789")),
    "float": (
        re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
        list("-+.0123456789"),
    ),
}

_DEEPEST = 40


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  (PyYAML's own way of declaring them)

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read", mark)
        if getattr(self.peek_event(), "tag", None) is not None:  # type: ignore[no-untyped-call]
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "tags (!name) are not read; put a text in quotes", mark)
        self._depth += 1
        if self._depth > _DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, f"nested more than {_DEEPEST} levels deep", mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # PyYAML loses control characters and Unicode's line ends outside double quotes.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    """Keys are names: a geo called 12 stays the text "12", and none may come twice."""
    mapping: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a plain text", key.start_mark)
        if key.value in mapping:
            problem = f"the key '{key.value}' appears twice in one mapping"
            raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        mapping[key.value] = loader.construct_object(value, deep=True)
    return mapping


def _construct_integer(_loader: _Loader, node: yaml.ScalarNode) -> int:
    return int(node.value.replace("_", ""))


def _construct_float(_loader: _Loader, node: yaml.ScalarNode) -> float:
    return float(node.value.replace("_", ""))


def _construct_bool(_loader: _Loader, node: yaml.ScalarNode) -> bool:
    return str(node.value).lower() == "true"


for _name, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, _first)
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, _first)
_Dumper.add_representer(str, _represent_text)
_Loader.yaml_constructors = {
    "tag:yaml.org,2002:null": yaml.SafeLoader.construct_yaml_null,
    "tag:yaml.org,2002:bool": _construct_bool,
    "tag:yaml.org,2002:int": _construct_integer,
    "tag:yaml.org,2002:float": _construct_float,
    "tag:yaml.org,2002:str": yaml.SafeLoader.construct_yaml_str,
    "tag:yaml.org,2002:seq": yaml.SafeLoader.construct_yaml_seq,
    "tag:yaml.org,2002:map": _construct_mapping,
    None: yaml.SafeLoader.construct_undefined,
}


def read_yaml(text: str | bytes, origin: str) -> Any:
    """The value of one YAML document.

    Raises SettingsError, naming ``origin`` and the line, for anything that is not plain YAML.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return yaml.load(text, Loader=_Loader)  # noqa: S506  (derived from SafeLoader, with fewer constructors)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{origin}: byte {error.start} is not UTF-8. Save the file with UTF-8 encoding.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{origin}: {_where(error)}") from error
    except ValueError as error:
        # Python refuses integers of more than some thousand digits.
        raise SettingsError(f"{origin}: a number cannot be read ({error}). Write it out in plain digits.") from error


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    said = [getattr(error, "context", None), getattr(error, "problem", None)]
    problem = ", ".join(part for part in said if part) or str(error)
    line = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
    return f"{line}not readable as YAML: {problem}. Compare with configs/template.yaml."


def write_yaml(value: Any) -> str:
    """YAML text that :func:`read_yaml` reads back as the same value."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
