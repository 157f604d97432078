"""A slice of `make fuzz` (benchmarks/fuzz), and its parts: a reader that is strict, judges that see what is wrong."""

import random
import signal
from pathlib import Path

import pytest
from fuzz import parameter_cases, settings_cases, table_cases
from fuzz.command import Outcome, faults
from fuzz.interrupts import Place, Reference, after_hit, at_the_end, prepared
from fuzz.reader import Unreadable, read
from fuzz.sheets import sheet, write

SEED = 11


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> settings_cases.Bench:
    return settings_cases.Bench(tmp_path_factory.mktemp("worlds"))


def test_mutated_settings_are_read_or_refused_with_a_sentence(bench: settings_cases.Bench) -> None:
    found = [settings_cases.case(bench, index, SEED) for index in range(16, 40)]
    assert [fault for wrong, _ in found for fault in wrong] == []
    assert {about["code"] for _, about in found} >= {0, 2}


def test_mutated_tables_are_refused_or_read_as_the_independent_reader_reads_them(tmp_path: Path) -> None:
    found = [table_cases.case(tmp_path / "table", index, SEED) for index in range(40)]
    assert [fault for wrong, _ in found for fault in wrong] == []
    assert {about["code"] for _, about in found} >= {0, 3}


def test_any_parameter_is_taken_or_refused_with_a_sentence(bench: settings_cases.Bench) -> None:
    found = [parameter_cases.case(bench, index, SEED) for index in range(16)]
    assert [fault for wrong, _ in found for fault in wrong] == []


def test_interrupted_fits_leave_nothing_half_done(tmp_path: Path) -> None:
    prepared(tmp_path)
    place, usual = Place(tmp_path), Reference(seconds=60.0, answer={}, leftovers=[])
    ran = place.run(["fit", "national.yaml"], signal.SIGKILL, 3.0)
    assert after_hit(place, usual, signal.SIGKILL, ran) == []
    assert at_the_end(place, usual, "fit", place.run(["fit", "national.yaml"])) == []


# What judges


def test_the_independent_reader_is_sure_or_says_that_it_is_not(tmp_path: Path) -> None:
    options = {"separator": ";", "decimal": ",", "thousands": ".", "encoding": "utf-8"}
    data = {"target": {"column": "y"}, "channels": ["tv"], "csv": options}

    def of(tv: str, date: str = "2023-01-09") -> dict[str, float]:
        path = tmp_path / "data.csv"
        path.write_text(f"date;y;tv\n2023-01-02;5,5;1.000\n{date};4;{tv}\n", encoding="utf-8")
        return read(path, data).totals

    assert of("12.345,5") == {"y": 9.5, "tv": 13345.5}
    assert of("998")["tv"] == 1998
    for wrong in ("12345", "1.23", "1.2345", "1,234.5", "12 345", "x", "1.000.00", "१२"):
        with pytest.raises(Unreadable):
            of(wrong)
    with pytest.raises(Unreadable):
        of("1", date="Total")


def test_the_independent_reader_asks_about_points_that_stand_at_groups_of_three(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(
        "date,y,tv\n2023-01-02,9,1.234\n2023-01-09,9,998\n2023-01-16,9,2.345\n2023-01-23,9,3.456\n", encoding="utf-8"
    )
    data = {"target": {"column": "y"}, "channels": ["tv"]}
    assert read(path, data).asks == ["thousands"]


def test_a_valid_table_is_read_alike_in_every_way_of_writing_it(tmp_path: Path) -> None:
    for index in range(40):
        made = sheet(random.Random(index))
        found = read(write(made, tmp_path), made.data)
        assert found.periods * made.geos == len(made.rows)


CRASH = 'File "/x/mmm/data/read.py", line 3, in f\nValueError: no'


@pytest.mark.parametrize(
    ("code", "out", "err", "kind"),
    [
        (9, "", "Error: x", "exit code 9"),
        (3, "", "something", "exit 3 without a sentence"),
        (0, "gain nan EUR", "", "plan prints nan"),
        (0, "", "x.py:3: RuntimeWarning: divide", "warning of a library: x.py:#: RuntimeWarning: divide"),
        (2, "", "Error: Input should be a text", "words of a library: Input should be"),
        (3, "", "Error: \x1b[31m", "control characters on the terminal"),
    ],
)
def test_judges_see_what_must_never_be(code: int, out: str, err: str, kind: str) -> None:
    assert kind in [fault.kind for fault in faults(Outcome(("plan",), code, out, err, 0.1))]


def test_judges_see_crashes_and_waits() -> None:
    crashed = Outcome(("plan",), 1, "", "", 0.1, crash=CRASH)
    assert [fault.kind for fault in faults(crashed)] == ["traceback: ValueError in mmm/data/read.py f"]
    assert [fault.kind for fault in faults(Outcome(("plan",), 1, "", "", 40.0, overrun=True))] == [
        "wait: plan beyond its limit"
    ]
