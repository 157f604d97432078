"""A relative store of fits lies in the project, from whichever folder a command is called."""

import os
from pathlib import Path

import pytest

from mmm.projects import placed, reports
from mmm.settings import load_settings

SETTINGS = "name: shop\ndata: {source: shop.csv, target: {column: sales}, currency: EUR, channels: {tv: tv}}\n"
STORE = ".mmm/fits"


def settings_in(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.yaml").write_text(SETTINGS, encoding="utf-8")
    return folder / "shop.yaml"


def test_settings_keep_their_store_from_any_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = settings_in(tmp_path / "shop")
    for place in (tmp_path, tmp_path / "shop", Path(tmp_path.anchor)):
        monkeypatch.chdir(place)
        assert load_settings(path).placed_sampler.store == str(tmp_path / "shop" / STORE)
        assert load_settings(os.path.relpath(path)).placed_sampler.store == str(tmp_path / "shop" / STORE)


def test_the_nearest_store_or_checkout_above_the_settings_is_the_projects(tmp_path: Path) -> None:
    path = settings_in(tmp_path / "work" / "shop" / "configs")
    base = path.parent
    (tmp_path / STORE).mkdir(parents=True)
    assert placed(STORE, base) == tmp_path / STORE
    (tmp_path / "work" / "shop" / ".git").mkdir()
    assert placed(STORE, base) == tmp_path / "work" / "shop" / STORE
    assert placed(f"./{STORE}", base) == base / STORE
    (base / STORE).mkdir(parents=True)
    assert placed(STORE, base) == base / STORE


def test_a_folder_of_queries_is_no_store(tmp_path: Path) -> None:
    base = settings_in(tmp_path / "configs").parent
    (tmp_path / ".git").mkdir()
    (base / ".mmm" / "queries").mkdir(parents=True)
    assert placed(STORE, base) == tmp_path / STORE


def test_home_ends_the_search_and_full_paths_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / STORE).mkdir(parents=True)
    base = settings_in(tmp_path / "shop").parent
    assert placed(STORE, base) == base / STORE
    assert placed(str(tmp_path / "fits"), base) == tmp_path / "fits"
    assert placed("~/fits", base) == tmp_path / "fits"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner on this system")
def test_another_users_store_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = settings_in(tmp_path / "shop").parent
    (tmp_path / STORE).mkdir(parents=True)
    assert placed(STORE, base) == tmp_path / STORE
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert placed(STORE, base) == base / STORE


def test_reports_are_the_projects_from_any_of_its_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "shop" / "configs" / "old"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert reports() == Path("reports")
    (tmp_path / "shop" / "reports").mkdir()
    assert reports() == Path("../../reports")
    monkeypatch.chdir(tmp_path / "shop")
    assert reports() == Path("reports")
    (deep / ".git").mkdir()
    monkeypatch.chdir(deep)
    assert reports() == Path("reports")
