"""Compiled code on disk follows the sources that it was made from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmm.model.kernels import discard_stale_code


def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.py").write_text("x = 1\n")
    (tmp_path / "user.py").write_text("from mmm.model.kernels.base import x\n")
    (tmp_path / "far.py").write_text("from mmm.model.kernels.user import x\n")
    (tmp_path / "other.py").write_text("y = 1\n")
    discard_stale_code(tmp_path, tmp_path / "__pycache__")
    for name in ("base", "user", "far", "other"):
        (tmp_path / "__pycache__" / f"{name}.f-1.py313.nbi").write_text("code")
    return tmp_path


def left(where: Path) -> set[str]:
    return {p.name.split(".")[0] for p in (where / "__pycache__").glob("*.nbi")}


def test_nothing_is_lost_without_a_change(tmp_path: Path) -> None:
    where = folder(tmp_path)
    discard_stale_code(where, where / "__pycache__")
    assert left(where) == {"base", "user", "far", "other"}


def test_a_change_discards_its_users_but_no_others(tmp_path: Path) -> None:
    where = folder(tmp_path)
    (where / "base.py").write_text("x = 2\n")
    discard_stale_code(where, where / "__pycache__")
    assert left(where) == {"other"}


def test_a_damaged_stamp_discards_everything(tmp_path: Path) -> None:
    where = folder(tmp_path)
    (where / "__pycache__" / "kernels.json").write_text("{")
    discard_stale_code(where, where / "__pycache__")
    assert left(where) == set()


def _cache_of(place: str, tmp_path: Path) -> tuple[dict[str, str], Path]:
    """An environment in which numba keeps its code elsewhere, and the folder in which it keeps that of the kernels."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)} if place == "told" else {**os.environ}
    if place == "user":
        # What numba does by itself where the package is installed for all users and cannot be written.
        environment |= {"XDG_CACHE_HOME": str(tmp_path), "NUMBA_CACHE_LOCATOR_CLASSES": "UserWideCacheLocator"}
    script = "import mmm.model.kernels as k; print(k._cache())"
    out = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return environment, Path(out.stdout.strip())


@pytest.mark.parametrize("place", ["told", "user"])
def test_code_that_is_kept_elsewhere_follows_its_sources_too(place: str, tmp_path: Path) -> None:
    environment, cache = _cache_of(place, tmp_path)
    assert tmp_path in cache.parents
    stamp, stale = cache / "kernels.json", cache / "likelihood.f-1.py313.nbi"
    stale.write_text("code of another version")
    stamp.write_text(stamp.read_text(encoding="utf-8").replace("0", "1"), encoding="utf-8")
    subprocess.run([sys.executable, "-c", "import mmm.model.kernels"], env=environment, check=True)
    assert not stale.exists()
