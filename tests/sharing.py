"""What one test file makes, and others need too, is made once: also where they run in different processes."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shared:
    """Folders below ``root`` by what is in them."""

    root: Path

    def folder(self, what: str, make: Callable[[Path], None]) -> Path:
        """The folder of ``what``: filled by the first who asks, found by all others, who wait for it."""
        folder = self.root / hashlib.sha256(what.encode()).hexdigest()[:16]
        done = folder.with_suffix(".done")
        self.root.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder
