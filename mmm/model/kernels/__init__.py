"""Compiled kernels of the response and of the posterior.

Numba keeps compiled code on disk and looks only at the file of the function itself to decide whether it is stale. Most
kernels inline functions of other files, so all code is thrown away when any kernel's source has changed.
"""

import hashlib
from contextlib import suppress
from pathlib import Path


def _discard_stale_code(folder: Path) -> None:
    """Delete numba's files in ``folder``'s cache unless they were made from the sources that are there now."""
    cache = folder / "__pycache__"
    stamp = cache / "kernels.sha256"
    digest = hashlib.sha256(b"".join(p.read_bytes() for p in sorted(folder.glob("*.py")))).hexdigest()
    # A folder that cannot be written holds no code of numba's either: that is then in the user's own cache.
    with suppress(OSError):
        if stamp.exists() and stamp.read_text() == digest:
            return
        cache.mkdir(exist_ok=True)
        for file in cache.glob("*.nb[ci]"):
            file.unlink(missing_ok=True)
        stamp.write_text(digest)


_discard_stale_code(Path(__file__).parent)
