"""Compiled kernels of the response and of the posterior.

Numba keeps compiled code on disk and looks only at the file of the function itself to decide whether it is stale. Most
kernels inline functions of other files, so the code of a file is thrown away when any file that it imports has changed.
"""

import json
import re
from contextlib import suppress
from pathlib import Path

from numba.core.caching import FunctionCache

from mmm.hashes import of_text

_IMPORT = re.compile(r"^from mmm\.model\.kernels(?:\.(\w+))? import", re.MULTILINE)
_HERE = Path(__file__).parent


def discard_stale_code(folder: Path, cache: Path) -> None:
    """Delete numba's files in ``cache`` that were not made from the sources that are in ``folder`` and here now."""
    own = _sources(folder)
    digests = {name: _digest(name, _sources(_HERE) | own) for name in own}
    stamp = cache / "kernels.json"
    # A cache that cannot be written is not numba's either: it takes the first of its places that can.
    with suppress(OSError):
        known = _read(stamp)
        if known == digests:
            return
        cache.mkdir(parents=True, exist_ok=True)
        for file in cache.glob("*.nb[ci]"):
            name = file.name.split(".")[0]
            if known.get(name) != digests.get(name):
                file.unlink(missing_ok=True)
        stamp.write_text(json.dumps(digests), encoding="utf-8")


def _sources(folder: Path) -> dict[str, str]:
    return {p.stem: p.read_text(encoding="utf-8") for p in folder.glob("*.py")}


def _digest(name: str, sources: dict[str, str]) -> str:
    """Hash of a file's source and of all kernels that it imports, directly or not."""
    wanted, waiting = {name}, [name]
    while waiting:
        found = {m for m in _IMPORT.findall(sources[waiting.pop()]) if m in sources} - wanted
        wanted |= found
        waiting += found
    return of_text("".join(sources[n] for n in sorted(wanted)))


def version_of(name: str) -> int:
    """A number that changes with the source of a kernel file or of any that it imports, for caches of other makers."""
    return int(_digest(name, _sources(_HERE))[:12], 16)


def _read(stamp: Path) -> dict[str, str]:
    try:
        known = json.loads(stamp.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _cache() -> Path | None:
    """Where numba keeps the code of this folder's files; None where it finds no place that can be written.

    Beside them, or in a folder of the user's where they are installed for all, or under NUMBA_CACHE_DIR.
    """
    try:
        return Path(FunctionCache(_digest).cache_path)
    except RuntimeError:
        return None


if (_place := _cache()) is not None:
    discard_stale_code(_HERE, _place)
