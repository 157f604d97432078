"""docs/operations.md, command by command, and the report that tells of the register; and what is never told."""

import json
import os
import re
import shlex
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import interruptions
import postgres
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from mmm.cli import app
from mmm.databases import HIDDEN, address_of, without_address
from mmm.errors import DataError, RegisterError
from mmm.register.database import open_register
from mmm.register.settings import RegisterSettings

GUIDE = Path(__file__).parents[2] / "docs/operations.md"


def run(line: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, shlex.split(line)[1:])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a small analysis called demo, as the working directory."""
    place = interruptions.prepare(tmp_path_factory.mktemp("guide") / "work")
    settings = {**interruptions.CONFIG, "name": "demo"}
    settings["data"] = {**interruptions.CONFIG["data"], "source": "../world/data.csv"}
    (place / "configs").mkdir()
    (place / "configs/demo.yaml").write_text(json.dumps(settings))
    before = Path.cwd()
    os.chdir(place)
    yield place
    os.chdir(before)


def test_the_guide_runs_and_the_report_tells_what_it_did(folder: Path) -> None:
    commands = re.findall(r"^    \$ (.*?)(?:\s+# exit code (\d).*)?$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) >= 8
    outputs = {}
    for line, code in commands:
        result = run(line)
        assert result.exit_code == int(code or 0), (line, result.output)
        outputs[line] = result.output
    assert "approved by Boss on 20" in outputs["mmm plans show demo-1"]
    assert re.search(r"is sound: 4 entries, checked against 0 reports", outputs["mmm plans verify"])
    result = run("mmm report configs/demo.yaml")
    assert result.exit_code == 0, result.output
    made = next(path.parent for path in folder.glob("reports/demo/[!.]*/manifest.json"))
    manifest = json.loads((made / "manifest.json").read_text())
    told = manifest["plan_register"]
    assert (told["plan"], told["state"], told["approved_by"], told["seq"]) == ("demo-1", "active", "Boss", 4)
    page = (made / "report.html").read_text()
    assert "In the register: plan demo-1, approved and active. Approved by Boss on " in page
    assert "checked against 1 report." in run("mmm plans verify").output
    _follow(folder)
    _watch(folder)
    # A row removed at the end, the head and the plan set back: the report knows better.
    with open_register(RegisterSettings(), Path("reports")).engine.begin() as connection:
        connection.execute(sa.text("drop trigger audit_no_delete"))
        connection.execute(sa.text("delete from audit where seq = 4"))
        connection.execute(sa.text("update head set seq = 3, hash = (select hash from audit where seq = 3)"))
        connection.execute(sa.text("update plans set state = 'approved'"))
    result = run("mmm plans verify")
    assert result.exit_code == RegisterError.exit_code
    assert "was made when the log had 4 entries; it has 3 now: some were removed" in result.output


def _follow(folder: Path) -> None:
    """Three weeks later: the plan's money is spent twice, and the outcome has halved."""
    content = json.loads(_content_of(folder))
    data = folder / "world/data.csv"
    before, lines = data.read_text(), []
    for day, row in zip(content["dates"][:3], content["spend"][:3], strict=True):
        tv, search = row[0]
        lines.append(f"{day},500,{2 * tv:.2f},{2 * search:.2f}\n")
    data.write_text(before + "".join(lines))
    result = run("mmm monitor configs/demo.yaml")
    data.write_text(before)
    assert result.exit_code == 9, result.output
    state = json.loads((folder / "reports/demo/monitor/monitor.json").read_text())
    assert (state["plan"], state["seen"], state["verdict"]) == ("demo-1", 3, "act")
    assert state["total"]["off"] == pytest.approx(1.0, abs=1e-3)
    assert {"pace", "surprise"} <= {point["kind"] for point in state["points"]}
    assert "The outcome is not what the model expects" in result.output
    assert (folder / "reports/demo/monitor/control_room.html").stat().st_size > 50_000


def _watch(folder: Path) -> None:
    """Looked at again and again, the page is written anew when the data changed, and not otherwise."""
    data, page = folder / "world/data.csv", folder / "reports/demo/monitor/control_room.html"
    before, content, written = data.read_text(), json.loads(_content_of(folder)), []

    class Enough(Exception):
        pass

    def between_looks(seconds: float) -> None:
        assert seconds == 7.0
        written.append((page.stat().st_mtime_ns, json.loads((page.parent / "monitor.json").read_text())["seen"]))
        if len(written) == 4:
            raise Enough
        if len(written) == 2:
            tv, search = content["spend"][0][0]
            data.write_text(f"{before}{content['dates'][0]},900,{tv:.2f},{search:.2f}\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmm.cli.monitor.time.sleep", between_looks)
        with pytest.raises(Enough):
            app(["monitor", "configs/demo.yaml", "--watch", "7"], standalone_mode=False)
    data.write_text(before)
    moments, seen = zip(*written, strict=True)
    assert seen == (0, 0, 1, 1)
    assert moments[0] == moments[1] < moments[2] == moments[3]


def _content_of(folder: Path) -> str:
    with open_register(RegisterSettings(), folder / "reports").reading() as connection:
        return str(connection.execute(sa.text("select content from plans where id = 'demo-1'")).scalar())


def test_what_a_terminal_would_obey_is_spelled_out(folder: Path) -> None:
    result = run("mmm plans submit 'demo-\x1b[31m' --by Anna")
    assert result.exit_code == RegisterError.exit_code
    assert "\x1b" not in result.output


# Addresses


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the environment variable MMM_NOWHERE is not set"),
        ("my password is hunter2", "holds no address of a database"),
        ("oracle://scott:tiger9@big-host/orders", "the driver for oracle is not installed"),
        ("nosuch://scott:tiger9@big-host/orders", "the driver for nosuch is not installed"),
        ("postgresql://scott:tiger9@127.0.0.1:1/orders", "plan_register|The register in the database of MMM_NOWHERE"),
    ],
)
def test_an_address_that_cannot_be_used_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.setenv("MMM_NOWHERE", text)
    with pytest.raises(RegisterError, match=words) as told:
        open_register(RegisterSettings(address="MMM_NOWHERE"), tmp_path)
    shown = "".join(traceback.format_exception(told.value))  # as --debug shows it
    for secret in ("hunter2", "scott", "tiger9", "big-host", "127.0.0.1"):
        assert secret not in shown


def test_a_wrong_password_is_said_without_it(
    server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = server.new_database()
    monkeypatch.setenv("MMM_WRONG", address.replace(quote(postgres.PASSWORD, safe=""), "Wr0ng%40word"))
    with pytest.raises(RegisterError, match="password authentication failed") as told:
        open_register(RegisterSettings(address="MMM_WRONG"), tmp_path)
    for secret in ("Wr0ng", postgres.USER, str(server.port), address.rsplit("/", 1)[1], "127.0.0.1"):
        assert secret not in str(told.value)


def test_every_form_of_an_address_is_hidden() -> None:
    url = sa.make_url(f"postgresql://ann:{quote(postgres.PASSWORD, safe='')}@db:5432/sales?sslcert=/secret/path")
    said = f'{postgres.PASSWORD} {quote(postgres.PASSWORD)} ann db "sales" /secret/path port 5432 feedback annual'
    hidden = without_address(said, url)
    assert hidden.split() == [*[HIDDEN] * 4, f'"{HIDDEN}"', HIDDEN, "port", HIDDEN, "feedback", f"{HIDDEN}ual"]


def test_other_layers_get_errors_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMM_NOWHERE", raising=False)
    with pytest.raises(DataError, match=r"data.source.address: the environment variable MMM_NOWHERE is not set"):
        address_of("MMM_NOWHERE", "data.source.address", DataError)
