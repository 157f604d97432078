"""A whole run, from settings to files, on channel names that try to break out of every one of them."""

import csv
import hashlib
import itertools
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from openpyxl import load_workbook

from mmm.errors import GateError, PlanError, ReportError, SettingsError
from mmm.reporting.content.results import read_results
from mmm.reporting.runs import run as running
from mmm.reporting.runs.run import Report, RunOptions, notebook_path, run_report
from mmm.reporting.runs.story import open_run
from mmm.settings import Settings, load_settings, settings_from
from mmm.tables import safe_text

SCRIPT, FORMULA, LONG = "<script>alert(1)</script>", "=cmd|'/c calc'!A1", 'a "quoted" & very long'


class Tags(HTMLParser):
    """Collects start tags with their attributes, and the text of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return report.files["report.html"].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tags(html: str) -> Tags:
    parser = Tags()
    parser.feed(html)
    return parser


def test_the_run_folder_is_complete(report: Report) -> None:
    expected = {
        "report.html",
        "report.pdf",
        "executed.ipynb",
        "allocation.csv",
        "allocation.xlsx",
        "results.json",
        "settings.yaml",
        "manifest.json",
    }
    assert expected <= set(report.files)
    assert not [p for p in report.folder.parent.iterdir() if p.name.startswith(".")]
    assert {p.suffix for p in (report.folder / "figures").iterdir()} == {".svg", ".png"}


def test_the_manifest_holds_the_hashes_of_the_files(report: Report) -> None:
    manifest = json.loads(report.files["manifest.json"].read_text(encoding="utf-8"))
    for name, facts in manifest["outputs"].items():
        content = (report.folder / name).read_bytes()
        assert facts == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}, name
    assert manifest["gate"]["status"] in ("pass", "warn")
    assert manifest["versions"]["mmm-workbench"] != "not installed"
    assert set(manifest["seconds"]) == {"checks", "fits", "plan", "notebook", "rendering"}


def test_sizes_stay_small(report: Report) -> None:
    assert report.files["report.html"].stat().st_size < 1_500_000
    assert report.files["report.pdf"].stat().st_size < 1_000_000


def test_the_page_is_self_contained(html: str, tags: Tags) -> None:
    for tag, attributes in tags.found:
        for name in ("src", "href", "data", "action", "poster", "srcset"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")), (tag, name, value)
    assert not re.findall(r"url\((?!#|data:)", html)
    assert "@import" not in html


def test_only_the_reports_own_script_may_run(html: str, tags: Tags) -> None:
    scripts = [a for t, a in tags.found if t == "script"]
    assert sorted(str(a.get("type")) for a in scripts) == ["None", "application/json"]
    policy = next(str(a["content"]) for t, a in tags.found if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]+';", policy)
    assert "alert(1)</script>" not in html


def test_names_from_the_data_are_text_everywhere(html: str, tags: Tags) -> None:
    assert "&lt;script&gt;alert(1)" in html
    payload = json.loads(tags.scripts[0])
    assert next(c["name"] for c in payload["channels"]) == SCRIPT
    assert not [a for _, a in tags.found if any(key.startswith("on") for key in a)]


def test_the_organisation_is_escaped(html: str) -> None:
    assert "Shop &lt;b&gt;Ltd&lt;/b&gt;" in html


def test_headings_go_down_one_level_at_a_time(tags: Tags) -> None:
    levels = [int(t[1]) for t, _ in tags.found if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_every_figure_has_words(tags: Tags) -> None:
    labels = [str(a.get("aria-label", "")) for t, a in tags.found if t == "svg"]
    assert len(labels) >= 16
    assert all(len(label) > 20 for label in labels)


def test_csv_holds_texts_and_plain_numbers(report: Report) -> None:
    with report.files["allocation.csv"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["channel"] == SCRIPT
    assert rows[1]["channel"] == f"'{FORMULA}"
    for row in rows:
        assert float(row["spend_plan"]) >= 0
        assert float(row["change"]) == pytest.approx(float(row["spend_plan"]) - float(row["spend_today"]), abs=1e-3)


def test_xlsx_names_from_the_data_are_text(report: Report) -> None:
    book = load_workbook(report.files["allocation.xlsx"])
    for name in ("Allocation", "Plan in full"):
        names = [book[name].cell(row, 1) for row in (2, 3, 4)]
        assert [c.value for c in names][:2] == [SCRIPT, FORMULA]
        assert [c.data_type for c in names] == ["s", "s", "s"]
        assert names[1].quotePrefix
    assert all(isinstance(book["Plan in full"].cell(2, c).value, float | int) for c in range(2, 8))
    formulas = [(s.title, str(c.value)) for s in book for row in s for c in row if c.data_type == "f"]
    assert {title for title, _ in formulas} == {"Allocation", "Curves"}
    assert not [text for _, text in formulas if "cmd" in text or "script" in text]


@pytest.mark.parametrize(
    ("text", "safe"), [("=1+1", "'=1+1"), ("+a", "'+a"), ("-a", "'-a"), ("@a", "'@a"), ("\ta", "'\ta"), ("tv", "tv")]
)
def test_texts_that_look_like_formulas(text: str, safe: str) -> None:
    assert safe_text(text) == safe


def test_results_agree_with_the_plan(report: Report) -> None:
    found = json.loads(report.files["results.json"].read_text(encoding="utf-8"))
    spent = sum(row["spend_plan"] for row in found["allocation"])
    assert spent == pytest.approx(found["decision"]["spend_plan"])
    assert spent + found["decision"]["unspent"] == pytest.approx(found["decision"]["spend_today"], rel=1e-3)
    lower, mean, upper = (found["decision"]["gain"][k] for k in ("lower", "mean", "upper"))
    assert lower < mean < upper


def test_the_kept_notebook_holds_no_path_of_this_machine(report: Report) -> None:
    text = report.files["executed.ipynb"].read_text(encoding="utf-8")
    assert str(report.folder.parent) not in text
    notebook = nbformat.reads(text, as_version=4)
    assert "papermill" not in notebook.metadata
    injected = next(c for c in notebook.cells if "injected-parameters" in c.metadata.get("tags", []))
    assert 'run = "."' in injected.source


def test_a_run_folder_opens_again(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(report.folder)
    story = open_run(".")
    found = json.loads(report.files["results.json"].read_text(encoding="utf-8"))
    assert story.plan.gain.mean == pytest.approx(found["decision"]["gain"]["mean"], rel=1e-9)


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="is no folder of a report"):
        open_run(tmp_path)


# What stops a run


def test_a_failed_gate_stops_before_anything_is_decided(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"gate\.override: true"):
        run_report(make_settings(diverging=True), out=tmp_path, progress=False)
    assert list((tmp_path / "synthetic").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_first(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x", encoding="utf-8")
    with pytest.raises(ReportError, match="cannot be written"):
        run_report(make_settings(), out=blocked, progress=False)


def test_a_link_cannot_lead_out_of_the_output_folder(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "reports"
    outside.mkdir()
    inside.mkdir()
    (inside / "synthetic").symlink_to(outside)
    with pytest.raises(ReportError, match="leads out of"):
        run_report(make_settings(), out=inside, progress=False)


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", ""])
def test_a_name_cannot_be_a_path(make_settings: Callable[..., Settings], name: str) -> None:
    document = make_settings().model_dump(mode="json") | {"name": name}
    with pytest.raises(SettingsError):
        settings_from(document)


def test_a_missing_logo_is_told_before_anything_is_fitted(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = make_settings(settings={"report": {"logo": "none.png"}})
    with pytest.raises(ReportError, match=r"report\.logo"):
        run_report(settings, out=tmp_path, progress=False)


def test_without_pango_the_html_is_written_and_the_package_named(
    make_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise ReportError("Install libpangoft2-1.0-0")

    monkeypatch.setattr(running, "require_pdf", missing)
    said: list[str] = []
    settings = make_settings(settings={"report": {"figures": False}})
    made = run_report(settings, out=tmp_path, progress=False, say=said.append)
    assert "report.html" in made.files
    assert "report.pdf" not in made.files
    assert not (made.folder / "figures").exists()
    assert made.notes == ("Install libpangoft2-1.0-0",)
    assert "Install libpangoft2-1.0-0" in said


def test_what_no_plan_reaches_is_told_before_the_notebook_runs(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    # Only the fit knows that no plan reaches it.
    unreachable = {"plan": {"objective": {"kind": "smallest_budget", "target": 1e15}}}
    with pytest.raises(PlanError, match=r"plan\.objective\.target is 1,000,000,000,000,000"):
        run_report(make_settings(settings=unreachable), out=tmp_path, progress=False)
    assert list((tmp_path / "synthetic").iterdir()) == []


def test_constraints_that_contradict_each_other_are_told_before_the_fit(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    impossible = {"plan": {"total_budget": 1000.0, "spend_all": True, "channels": {"tv": {"minimum": 500_000.0}}}}
    said: list[str] = []
    with pytest.raises(PlanError, match="the total budget is exactly 1,000; tv at least 500,000"):
        run_report(make_settings(settings=impossible), out=tmp_path, progress=False, say=said.append)
    assert not any("Fit" in line for line in said)


def test_the_notebook_has_no_outputs_and_says_what_it_needs() -> None:
    notebook: Any = nbformat.read(notebook_path(), as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1


# A second run


@pytest.fixture(scope="module")
def second(report: Report) -> Report:
    """A second run of the analysis with hostile names, with a smaller budget."""
    settings = load_settings(report.folder / "settings.yaml")
    spend = read_results(report.folder).decision.spend_today
    document = settings.model_dump(mode="json")
    document["plan"] |= {"total_budget": round(0.8 * spend)}
    document["report"] |= {"formats": ["html"], "figures": False}
    base = Path(settings.sampler.store).parent
    return run_report(settings_from(document, base=base), out=report.folder.parent.parent, progress=False)


def test_the_second_run_tells_what_changed(report: Report, second: Report) -> None:
    texts = [made.files["report.html"].read_text(encoding="utf-8") for made in (report, second)]
    assert "What changed since the last report?" not in texts[0]
    assert "What changed since the last report?" in texts[1]
    assert "What is asked of the plan was changed: plan.total_budget is" in texts[1]
    assert "The model was not fitted again" in texts[1]


def test_a_report_of_another_analysis_cannot_be_compared(report: Report, tmp_path: Path) -> None:
    settings = load_settings(report.folder / "settings.yaml", {"name": "other"}).with_base(report.folder)
    with pytest.raises(ReportError, match="is of the analysis 'synthetic', this one is 'other'"):
        run_report(settings, out=tmp_path, progress=False, options=RunOptions(since=report.folder))
    assert list((tmp_path / "other").iterdir()) == []
