"""Compiled code on disk follows the sources that it was made from."""

from pathlib import Path

from mmm.model.kernels import _discard_stale_code


def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.py").write_text("x = 1\n")
    (tmp_path / "user.py").write_text("from mmm.model.kernels.base import x\n")
    (tmp_path / "far.py").write_text("from mmm.model.kernels.user import x\n")
    (tmp_path / "other.py").write_text("y = 1\n")
    _discard_stale_code(tmp_path)
    for name in ("base", "user", "far", "other"):
        (tmp_path / "__pycache__" / f"{name}.f-1.py313.nbi").write_text("code")
    return tmp_path


def left(where: Path) -> set[str]:
    return {p.name.split(".")[0] for p in (where / "__pycache__").glob("*.nbi")}


def test_nothing_is_lost_without_a_change(tmp_path: Path) -> None:
    where = folder(tmp_path)
    _discard_stale_code(where)
    assert left(where) == {"base", "user", "far", "other"}


def test_a_change_discards_its_users_but_no_others(tmp_path: Path) -> None:
    where = folder(tmp_path)
    (where / "base.py").write_text("x = 2\n")
    _discard_stale_code(where)
    assert left(where) == {"other"}


def test_a_damaged_stamp_discards_everything(tmp_path: Path) -> None:
    where = folder(tmp_path)
    (where / "__pycache__" / "kernels.json").write_text("{")
    _discard_stale_code(where)
    assert left(where) == set()
