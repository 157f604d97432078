"""Real signals to real commands: one sentence, the documented exit code, and nothing half-made."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import interruptions
import psutil
import pytest
import synthetic
from interruptions import Moment

from mmm import scratch
from mmm.settings import dump_settings

MOMENTS = [
    Moment("check", 0.3),
    Moment("check", 0.7, signal.SIGTERM, group=False),
    Moment("long fit", 0.3, line="Fitting"),
    Moment("long fit", 0.6, signal.SIGTERM, line="Fitting", group=False),
    Moment("report", 1.5, line="Analysing"),
    Moment("reports", 0.5, line="Fitting"),
    Moment("simulate", 0.8, signal.SIGHUP),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return interruptions.prepare(tmp_path_factory.mktemp("interrupts") / "base")


@pytest.fixture
def folder(base: Path, tmp_path: Path) -> Path:
    shutil.copytree(base, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda m: f"{m.command}-{m.delay}-{m.number}")
def test_an_interrupt_ends_with_its_code_and_leaves_nothing(moment: Moment, folder: Path) -> None:
    outcome = interruptions.interrupt(moment, folder)
    assert outcome.problems == (), outcome.stderr
    # On a quick machine a moment may come too late, but not for a fit of 20,000 draws or many reports.
    assert outcome.code is not None or moment.command not in ("long fit", "reports")
    stored = list((folder / "store").glob("*")) if (folder / "store").exists() else []
    if moment.command == "long fit":
        assert stored == []


def test_what_a_killed_command_left_is_removed_by_the_next(folder: Path) -> None:
    moment = Moment("report", 0.1, signal.SIGKILL, line="Fitting")
    assert interruptions.interrupt(moment, folder).problems == ()
    assert [p for p in interruptions.leftovers(folder) if ".mmm-" in p]
    # Before the data are read, and wherever the run ends.
    done = interruptions.run("report", folder, "-p", "data.source=absent.csv")
    assert done.returncode == 3, done.stderr
    assert interruptions.leftovers(folder) == []


def test_a_living_process_keeps_what_it_is_making(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\nfrom mmm.scratch import scratch_path\n"
        "path = scratch_path(pathlib.Path(sys.argv[1]) / 'x')\npath.mkdir()\nprint(path, flush=True)\nsys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        made = Path(running.stdout.readline().strip())
        scratch.sweep(tmp_path)
        assert made.is_dir()
        running.kill()
        # Not waited for: a process that nobody has asked for its code is dead all the same.
        scratch_gone = interruptions.eventually(lambda: (scratch.sweep(tmp_path), not made.exists())[1])
    assert scratch_gone


def test_what_another_machine_is_making_stays_for_a_day(tmp_path: Path) -> None:
    theirs = tmp_path / ".key.mmm-00000000-1-1-0123abcd"
    theirs.mkdir()
    other = tmp_path / ".gitignore"
    other.write_text("")
    scratch.sweep(tmp_path)
    assert theirs.is_dir()
    then = theirs.stat().st_mtime - scratch.OLD - 1
    os.utime(theirs, (then, then))
    os.utime(other, (then, then))
    scratch.sweep(tmp_path)
    assert not theirs.exists()
    assert other.exists()


def test_an_interrupt_in_the_middle_of_renames_waits(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\nfrom mmm import interrupts\n"
        "def work():\n"
        "    with interrupts.deferred():\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        print('whole', flush=True)\n"
        "    print('never', flush=True)\n"
        "sys.exit(interrupts.run(work))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "whole\n")
    assert done.stderr == "Error: Interrupted. What was complete is kept, nothing half-made is.\n"


def test_code_that_swallows_the_interrupt_is_left_in_time() -> None:
    script = (
        "import os, signal, sys, time\nfrom mmm import interrupts\ninterrupts.PATIENCE = 0.3\n"
        "def work():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    except BaseException:\n"
        "        time.sleep(60)\n"
        "sys.exit(interrupts.run(work))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 143
    assert done.stderr == "Error: Ended by SIGTERM. What was complete is kept, nothing half-made is.\n"


def test_an_interrupt_in_a_destructor_is_not_lost() -> None:
    script = (
        "import os, signal, sys, time\nfrom mmm import interrupts\n"
        "class Dropped:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(0.01)\n"
        "def work():\n"
        "    Dropped()\n"
        "    time.sleep(5)\n"
        "    print('went on', flush=True)\n"
        "sys.exit(interrupts.run(work))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "Error: Interrupted. What was complete is kept, nothing half-made is.\n"


def kernels_of(pid: int) -> list[psutil.Process]:
    """The processes that run a notebook for this one."""
    found = []
    for child in psutil.Process(pid).children():
        # A child that has just ended has no command line any more.
        with suppress(psutil.NoSuchProcess):
            found += [child] * ("ipykernel_launcher" in child.cmdline())
    return found


def test_a_killed_notebook_is_a_sentence(tmp_path: Path) -> None:
    settings = synthetic.make_settings(synthetic.Case(geos=1, channels=("tv", "search")), tmp_path)
    config = tmp_path / "settings.yaml"
    config.write_text(dump_settings(settings), encoding="utf-8")
    # As where the notebook was changed: only then it runs in a process of its own.
    code = "from mmm.reporting.runs import notebook; notebook.OWN = ''; from mmm.cli import main; main()"
    report = ["report", str(config), "-p", "report.formats=[html]", "--out", "reports"]
    line = [sys.executable, "-c", code, *report]
    with (tmp_path / "stderr.log").open("wb") as errors:
        running = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=errors)
        kernels: list[psutil.Process] = []
        while running.poll() is None and not kernels:
            time.sleep(0.05)
            kernels = kernels_of(running.pid)
        time.sleep(0.5)
        kernels[0].kill()
        assert running.wait() == 7
    said = (tmp_path / "stderr.log").read_text()
    assert "Traceback" not in said
    assert "The process that ran the notebook ended or did not answer." in said.splitlines()[-1]
    assert interruptions.leftovers(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_complete_ends_as_complete(number: int) -> None:
    # Python puts the default handlers back before it clears the modules, in which this object lies.
    program = """
import os, sys, time
from mmm import interrupts

class Late:
    def __del__(self, write=os.write, sleep=time.sleep):
        write(1, b"clearing")
        sleep(3.0)

late = Late()
sys.exit(interrupts.run(lambda: None))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(8) == b"clearing"
        process.send_signal(number)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_what_threads_make_anew_while_all_is_removed_does_not_stay(tmp_path: Path) -> None:
    """A library's threads go on writing to a folder whose maker was interrupted, and make it again where it is gone."""
    folder = scratch.scratch_path(tmp_path / "fit")
    ends = time.monotonic() + 0.3

    def write() -> None:
        number = 0
        while time.monotonic() < ends:
            number += 1
            with suppress(OSError):
                (folder / "posterior").mkdir(parents=True, exist_ok=True)
                (folder / "posterior" / f"chunk_{number}").write_bytes(b"0" * 100)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    time.sleep(0.1)
    scratch.discard_all()
    for writer in writers:
        writer.join()
    assert list(tmp_path.iterdir()) == []
