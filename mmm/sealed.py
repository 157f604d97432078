"""JSON that is read as it was written, or not at all: under ``content`` stands the hash of all the rest.

Values are plain data; numbers that JSON does not have (NaN and the infinities) are written as texts. This module
imports nothing of the package but hashes.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from mmm.hashes import of_text

SEAL = "content"


def digest(value: Mapping[str, Any]) -> str:
    """Hash of plain data, whatever the order of keys."""
    return of_text(json.dumps(value, sort_keys=True, ensure_ascii=False))


def seal(value: Mapping[str, Any]) -> str:
    """The text of a document, with its hash. Raises TypeError or ValueError for what is no plain data."""
    return json.dumps({**value, SEAL: digest(value)}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def unseal(text: str | bytes) -> dict[str, Any]:
    """The document without its hash. Raises ValueError where it is not what was written."""
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict) or found.pop(SEAL, None) != digest(found):
        raise ValueError("it is not what was written")
    return found


def number(value: float) -> float | str:
    """A number as JSON has it: NaN and the infinities as texts, which ``float`` reads."""
    found = float(value)
    return found if math.isfinite(found) else str(found)
