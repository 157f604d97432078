"""Many reports at once: grids, what is there already, failures, the page over them, and a real Dask cluster."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from distributed import Client
from reading import LANGUAGES, leaked, text_of

from mmm.errors import DataError, MMMError, ReportError, SettingsError
from mmm.execution import Cluster, Event, Here
from mmm.reporting.content.results import read_results
from mmm.reporting.runs.finished import finished, same_inputs
from mmm.reporting.runs.index import write_index
from mmm.reporting.runs.many import (
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
from mmm.settings import Settings, dump_settings
from mmm.settings.report import Language

LIGHT = {
    "report": {"formats": ["html"], "figures": False, "what_if": False},
    "plan": {"curve_points": 2, "draws": 100},
}


@pytest.fixture(scope="module")
def config(make_settings: Callable[..., Settings]) -> Path:
    """A settings file of a synthetic analysis, whose fits are in its store."""
    settings = make_settings(geos=1, channels=("tv", "search"), settings=LIGHT | {"title": "<script>alert(1)</script>"})
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
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler and two workers on loopback, started as a user starts them."""
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    command = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file), "--no-dashboard"]
    worker = ["--nworkers", "2", "--nthreads", "1", "--local-directory", str(folder), "--no-dashboard"]
    processes = [_dask("scheduler", *command)]
    try:
        for _ in range(300):
            if file.exists() and file.stat().st_size:
                break
            time.sleep(0.1)
        address = re.search(r'"address": "([^"]+)"', file.read_text(encoding="utf-8"))
        assert address is not None
        processes.append(_dask("worker", address.group(1), *worker))
        # On a busy machine, a worker takes longer to start than a call is willing to wait for one.
        with Client(address.group(1), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=180)
        yield address.group(1)
    finally:
        for process in reversed(processes):
            process.terminate()
            process.communicate(timeout=30)


def _kill_worker_of(address: str, key: str) -> None:
    """SIGKILL to the worker that runs a task of this key."""
    with Client(address, set_as_default=False) as client:
        busy = {worker: keys for worker, keys in client.processing().items() if any(key in str(k) for k in keys)}
        (worker,) = busy
        (pid,) = client.run(os.getpid, workers=[worker]).values()
    os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Batch:
    """What a batch on the cluster came to, one of whose workers was killed."""

    jobs: list[Job]
    entries: list[Entry]
    out: Path


@pytest.fixture(scope="module")
def batch(config: Path, tmp_path_factory: pytest.TempPathFactory, cluster: str) -> Batch:
    jobs = prepare_jobs(Wish((config,), grid=("total_budget=900000,1100000",)))
    # Both have their fits in the store already, so neither needs to wait for the other.
    jobs = [replace(job, shared="") for job in jobs]
    under_way = threading.Event()

    def notice(event: Event) -> None:
        if event.key == jobs[0].key and event.line.startswith("Analysing"):
            under_way.set()

    def kill() -> None:
        if under_way.wait(200):
            _kill_worker_of(cluster, jobs[0].key)

    killer = threading.Thread(target=kill)
    killer.start()
    out = tmp_path_factory.mktemp("out")
    found = in_order(list(make_all(jobs, Making(out, Cluster(cluster)), notice)), jobs)
    killer.join()
    assert under_way.is_set()
    return Batch(jobs, found, out)


def test_a_killed_worker_of_a_dask_cluster_costs_no_report(batch: Batch) -> None:
    assert [(entry.state, entry.starts) for entry in batch.entries] == [("made", 2), ("made", 1)]
    assert len(finished(batch.out / "synthetic")) == 2
    # Neither the killed attempt nor anything else is left half-written.
    assert not [p for p in (batch.out / "synthetic").iterdir() if p.name.startswith(".")]


def test_what_is_there_is_not_made_again(batch: Batch) -> None:
    again = list(make_all(batch.jobs, Making(batch.out, Here())))
    assert [(entry.state, entry.folder) for entry in again] == [("found", e.folder) for e in batch.entries]


def test_a_report_with_a_file_gone_is_not_there(batch: Batch) -> None:
    folder = batch.entries[0].folder
    assert folder is not None
    page = folder / "report.html"
    page.rename(folder / "elsewhere")
    try:
        assert same_inputs(batch.out / "synthetic", batch.jobs[0].inputs) is None
    finally:
        (folder / "elsewhere").rename(page)
    assert same_inputs(batch.out / "synthetic", batch.jobs[0].inputs) is not None


# The page over all


def test_the_page_names_every_report_and_every_failure(batch: Batch) -> None:
    kept = batch.out / "failing" / "x-failed"
    kept.mkdir(parents=True)
    (kept / "executed.ipynb").touch()
    job = replace(batch.jobs[0], key="failing")
    failed = Entry(job, "failed", reason="It <b>stopped</b>.", kept=kept)
    page = write_index([*batch.entries, failed], batch.out, job.settings.report)
    html = page.read_text(encoding="utf-8")
    assert "2 reports made, 1 failed." in html
    links = re.findall(r'<a href="(?!#)([^"]+)"', html)
    assert [link for link in links if not (batch.out / link).is_file()] == []
    assert sum(link.endswith("report.html") for link in links) == 4
    assert any(link.endswith("-failed/executed.ipynb") for link in links)
    assert "It &lt;b&gt;stopped&lt;/b&gt;." in html
    assert "<script>alert" not in html
    assert html.count("total budget-900000") == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_reports_language(batch: Batch, language: Language, tmp_path: Path) -> None:
    failed = Entry(replace(batch.jobs[0], key="failing"), "failed", reason="x", kept=batch.out / "synthetic")
    report = batch.jobs[0].settings.report.model_copy(update={"language": language})
    page = write_index([*batch.entries, failed], batch.out, report)
    text = text_of(page.rename(tmp_path / "index.html").read_text(encoding="utf-8"))
    for entry in batch.entries:
        assert entry.folder is not None
        lead = read_results(entry.folder).headline.lead
        # A recommendation stands as its own report words it.
        text = text.replace(lead.replace("\u00a0", " "), "").replace(entry.job.label.replace("_", " "), "")
    assert leaked(text) == []


def test_an_unfinished_report_is_on_the_page(batch: Batch) -> None:
    other = replace(batch.jobs[0], key="other")
    found = in_order(batch.entries, [batch.jobs[0], other])
    assert [entry.reason for entry in found] == ["", "It was not finished."]
