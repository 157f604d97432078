"""Many reports at once: grids, what is there already, failures, the page over them, and a real Dask cluster."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mmm.errors import DataError, MMMError, PlanError, ReportError, SettingsError
from mmm.execution import Cluster, Event, Here
from mmm.reporting.index import write_index
from mmm.reporting.many import (
    Entry,
    Job,
    Making,
    Wish,
    in_order,
    label_of,
    make_all,
    prepare_jobs,
    read_grid,
)
from mmm.reporting.runner import Report
from mmm.reporting.shelf import finished
from mmm.settings import Settings, dump_settings, load_settings

LIGHT = {
    "report": {"formats": ["html"], "figures": False, "what_if": False},
    "plan": {"curve_points": 2, "draws": 100},
}


@pytest.fixture(scope="module")
def config(make_settings: Callable[..., Settings]) -> Path:
    """A settings file of a synthetic analysis, whose fits are in its store."""
    settings = make_settings(geos=1, channels=("tv", "search"), settings=LIGHT)
    path = settings.base / "settings.yaml"
    path.write_text(dump_settings(settings), encoding="utf-8")
    return path


# What is asked for


def test_a_grid_is_every_combination() -> None:
    found = read_grid(["total_budget=800000,1e6", "horizon=13 weeks,26 weeks"])
    assert len(found) == 4
    assert found[0] == {"plan.total_budget": 800000, "plan.horizon": "13 weeks"}
    assert found[3] == {"plan.total_budget": 1e6, "plan.horizon": "26 weeks"}
    assert read_grid([]) == [{}]
    assert label_of(found[3]) == "total_budget-1000000_horizon-26-weeks"


def test_a_long_label_is_shortened_and_still_its_own() -> None:
    labels = {label_of({"plan.channels": {"x" * 80: i}}) for i in range(3)}
    assert len(labels) == 3
    assert all(len(label) <= 60 and re.fullmatch(r"[\w.-]+", label) for label in labels)


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        (["total_budgt=1,2"], "does not exist"),
        (["total_budget"], "not of the form name=value"),
        (["total_budget=1,1"], "must differ"),
        (["total_budget="], "at least one"),
        (["total_budget=1,2", "plan.total_budget=3,4"], "has plan.total_budget twice"),
    ],
)
def test_a_wrong_grid_is_told(grid: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_grid(grid)


def test_every_problem_is_told_before_anything_starts(config: Path, tmp_path: Path) -> None:
    text = config.read_text(encoding="utf-8")
    gone, wrong = config.with_name("gone.yaml"), config.with_name("wrong.yaml")
    gone.write_text(text.replace("data.csv", "absent.csv").replace("synthetic", "gone"), encoding="utf-8")
    wrong.write_text(text.replace("synthetic", "wrong"), encoding="utf-8")
    wish = Wish((config, gone, wrong), grid=("total_budget=1000000,-5",))
    with pytest.raises(MMMError) as found:
        prepare_jobs(wish)
    told = str(found.value)
    assert "nothing was started" in told
    for name in ("gone.yaml", "wrong.yaml", "absent.csv"):
        assert name in told
    assert isinstance(found.value, SettingsError | DataError)


def test_two_analyses_of_one_name_are_refused(config: Path) -> None:
    copy = config.with_name("copy.yaml")
    copy.write_text(config.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(SettingsError, match="the same folder"):
        prepare_jobs(Wish((config, copy)))


def test_a_parameter_cannot_be_in_the_grid_too(config: Path) -> None:
    with pytest.raises(SettingsError, match=r"as a parameter and in the grid"):
        prepare_jobs(Wish((config,), ("total_budget=1",), ("total_budget=1,2",)))


def test_reports_that_share_their_fits_are_known(config: Path) -> None:
    jobs = prepare_jobs(Wish((config,), grid=("total_budget=900000,1000000", "sampler.seed=1,2")))
    assert len({job.inputs for job in jobs}) == 4
    assert len({job.shared for job in jobs}) == 2
    assert jobs[0].shared == jobs[2].shared


# Making them


def test_no_scheduler_is_told(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmm.execution._ANSWER", 0.5)
    jobs = prepare_jobs(Wish((config,)))
    with pytest.raises(ReportError, match=r"No Dask scheduler answers at .* leave --dask out"):
        list(make_all(jobs, Making(tmp_path, Cluster("tcp://127.0.0.1:9"))))


def _dask(*arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "dask", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A scheduler and two workers on loopback, started as a user starts them."""
    file = tmp_path / "scheduler.json"
    command = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file), "--no-dashboard"]
    worker = ["--nworkers", "2", "--nthreads", "1", "--local-directory", str(tmp_path), "--no-dashboard"]
    processes = [_dask("scheduler", *command)]
    try:
        for _ in range(300):
            if file.exists() and file.stat().st_size:
                break
            time.sleep(0.1)
        address = re.search(r'"address": "([^"]+)"', file.read_text(encoding="utf-8"))
        assert address is not None
        processes.append(_dask("worker", address.group(1), *worker))
        yield address.group(1)
    finally:
        for process in reversed(processes):
            process.terminate()
            process.communicate(timeout=30)


def _kill_worker_of(address: str, key: str) -> None:
    """SIGKILL to the worker that runs a task of this key."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        busy = {worker: keys for worker, keys in client.processing().items() if any(key in str(k) for k in keys)}
        (worker,) = busy
        (pid,) = client.run(os.getpid, workers=[worker]).values()
    os.kill(pid, signal.SIGKILL)


def test_a_killed_worker_of_a_dask_cluster_costs_no_report(config: Path, tmp_path: Path, cluster: str) -> None:
    jobs = prepare_jobs(Wish((config,), grid=("total_budget=900000,1100000",)))
    # Both have their fits in the store already, so neither needs to wait for the other.
    jobs = [replace(job, shared="") for job in jobs]
    under_way = threading.Event()

    def notice(event: Event) -> None:
        if event.key == jobs[0].key and event.line.startswith("Analysing"):
            under_way.set()

    def kill() -> None:
        if under_way.wait(120):
            _kill_worker_of(cluster, jobs[0].key)

    killer = threading.Thread(target=kill)
    killer.start()
    out = tmp_path / "out"
    entries = {e.job.key: e for e in make_all(jobs, Making(out, Cluster(cluster)), notice)}
    killer.join()
    assert under_way.is_set()
    assert [entries[job.key].state for job in jobs] == ["made", "made"]
    assert entries[jobs[0].key].starts == 2
    assert len(finished(out / "synthetic")) == 2
    # Neither the killed attempt nor anything else is left half-written.
    assert not [p for p in (out / "synthetic").iterdir() if p.name.startswith(".")]
    _finds_what_is_there(jobs, out)


def _finds_what_is_there(jobs: list[Job], out: Path) -> None:
    """A second call makes nothing; a file that is gone makes its report anew."""
    again = list(make_all(jobs, Making(out, Here())))
    assert [entry.state for entry in again] == ["found", "found"]
    assert again[0].folder is not None
    (again[0].folder / "report.html").unlink()
    assert not finished(out / "synthetic")[-1].complete or not finished(out / "synthetic")[0].complete


# Failures, and the page over all


@pytest.fixture(scope="module")
def entries(report: Report, config: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Entry], Path]:
    """A report that was made, and one whose notebook fails."""
    out = report.folder.parent.parent
    made = load_settings(report.folder / "settings.yaml")
    impossible = ("plan.total_budget=1000", "plan.spend_all=true", "plan.channels.tv.minimum=500000", "name=failing")
    (job,) = prepare_jobs(Wish((config,), impossible))
    (failed,) = make_all([job], Making(out, Here()))
    return [Entry(Job("synthetic", made, "", "", ""), "made", report.folder), failed], out


def test_a_failed_report_keeps_its_notebook_and_reason(entries: tuple[list[Entry], Path]) -> None:
    failed = entries[0][1]
    assert failed.state == "failed"
    assert failed.kept is not None
    assert (failed.kept / "executed.ipynb").is_file()
    assert (failed.kept / "reason.txt").read_text(encoding="utf-8").strip() == failed.reason
    assert issubclass(PlanError, MMMError)


def test_the_page_names_every_report(entries: tuple[list[Entry], Path]) -> None:
    found, out = entries
    page = write_index(found, out, found[0].job.settings.report)
    html = page.read_text(encoding="utf-8")
    assert "1 report made, 1 failed." in html
    links = re.findall(r'<a href="(?!#)([^"]+)"', html)
    assert [link for link in links if not (out / link).is_file()] == []
    assert any(link.endswith("report.html") for link in links)
    assert any(link.endswith("-failed/executed.ipynb") for link in links)
    assert found[1].reason.partition("\n")[0][:40] in html
    assert "<script>alert" not in html
    assert "90% intervals" in html


def test_an_unfinished_report_is_on_the_page(entries: tuple[list[Entry], Path]) -> None:
    found, _ = entries
    other = replace(found[0].job, key="other")
    assert [e.reason for e in in_order(found[:1], [found[0].job, other])] == ["", "It was not finished."]
