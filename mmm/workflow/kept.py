"""Judgements beside their fits: ``judgement-<key>.json`` in the fit's folder, found again by whoever asks the same."""

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmm.files import write_whole
from mmm.inference.keys import key_of
from mmm.sealed import seal, unseal
from mmm.workflow.judgement import Judgement

_PACKAGES = ("mmm-workbench", "arviz", "numpy", "pandas", "scipy", "xarray")
# What a judgement is computed by. A release changes the version, and a developer the code.
_LAYERS = ("data", "model", "inference", "analysis", "calibration", "assessment", "workflow")


def judgement_key(asked: dict[str, Any]) -> str:
    """Name of a judgement: hash of what was asked for, of versions, and of the code that judges."""
    versions = {name: version(name) for name in _PACKAGES}
    return key_of({"format": 1, "asked": asked, "versions": versions, "code": _code()})


@cache
def _code() -> str:
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for layer in _LAYERS:
        for path in sorted((package / layer).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def find(fit: Path, key: str, say: Callable[[str], None]) -> Judgement | None:
    """The judgement ``key`` in the folder of its fit; None where there is none, or one that cannot be read."""
    path = _path(fit, key)
    try:
        document = unseal(path.read_bytes())
        if document["key"] != key:
            raise ValueError("it is another")
        return Judgement.from_data(document["judgement"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        say(f"The judgement {path} cannot be read ({error}). Judging again.")
        return None


def keep(fit: Path, key: str, judgement: Judgement, say: Callable[[str], None]) -> None:
    """Write the judgement into the folder of its fit; where that is not there or cannot be written, only say so."""
    if not (fit / "meta.json").is_file():
        return
    try:
        write_whole(_path(fit, key), seal({"key": key, "judgement": judgement.to_data()}))
    except OSError as error:
        say(f"The judgement could not be stored in '{fit}' ({error.strerror or error}); it is made again next time.")


def _path(fit: Path, key: str) -> Path:
    return fit / f"judgement-{key[:24]}.json"
