"""The documentation: every block of it is run or read by what it is for, links lead somewhere, the site is whole.

Blocks of Python that sample are run on small worlds by the tests of their part; here those run that need no fit.
"""

import re
import shlex
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from markdown.extensions.toc import slugify

from mmm.cli import app
from mmm.settings import settings_from

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted({*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "notebooks/README.md"})
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
BLOCK = re.compile(r"^( *)```(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]*)\)")
TOLD = {"python", "yaml", "sh", "csv", "text", "jinja"}
"""Languages of blocks: csv and text are what commands print, jinja is run by
tests/reports/test_templates.py."""
CHANNELS = ("tv", "search", "social", "display", "email", "out_of_home", "sponsoring", "cinema", "radio")
BASE = {
    "name": "shop",
    "data": {
        "source": "shop.csv",
        "date": "date",
        "geo": "geo",
        "target": {"column": "revenue", "kind": "revenue"},
        "currency": "EUR",
        "channels": {name: f"{name}_spend" for name in CHANNELS},
    },
}


def blocks(page: Path, language: str) -> list[str]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for _, named, text in found if named == language]


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """``above`` over ``below``, mappings of both merged."""
    both = {
        name: merged(below[name], above[name]) for name in below.keys() & above.keys() if _mappings(below, above, name)
    }
    return {**below, **above, **both}


def _mappings(below: dict[str, Any], above: dict[str, Any], name: str) -> bool:
    return isinstance(below[name], dict) and isinstance(above[name], dict)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_block_says_what_it_is(page: Path) -> None:
    assert {named for _, named, _ in BLOCK.findall(page.read_text(encoding="utf-8"))} <= TOLD


def test_there_are_blocks_to_read() -> None:
    assert sum(len(blocks(page, "yaml")) for page in PAGES) > 25
    assert sum(len(blocks(page, "sh")) for page in PAGES) > 12
    assert sum(len(list(commands(page))) for page in PAGES) > 25


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "yaml")], ids=lambda page: page.stem)
def test_settings_shown_are_settings(page: Path) -> None:
    """Each block alone, over a small analysis with the channels that the pages speak of."""
    for block in blocks(page, "yaml"):
        document = yaml.safe_load(block)
        base = BASE
        if "sources" in document.get("data", {}) or page.stem == "campaigns":
            base = {"name": "shop", "data": {}}
        settings_from(merged(base, document))


def test_settings_that_are_none_are_seen() -> None:
    from mmm.errors import SettingsError

    with pytest.raises(SettingsError, match="highest_ever"):
        settings_from(merged(BASE, {"plan": {"channels": {"tv": {"highest_ever": 1}}}}))


def commands(page: Path) -> Iterator[str]:
    """Lines of the shell: of blocks, and those that stand indented."""
    text = page.read_text(encoding="utf-8")
    for block in blocks(page, "sh"):
        yield from (line.strip() for line in block.splitlines() if line.strip())
    yield from re.findall(r"^    (?:\$ )?(mmm .*)$", BLOCK.sub("", text), re.MULTILINE)


def parsed(words: list[str]) -> None:
    """Have the command line read its words, as far as it can without running anything."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        # Options of a group come before the name of the command; the pages show none.
        name, *words = words
        assert name in command.commands, f"there is no command {name}"
        command = command.commands[name]
    command.make_context(command.name or "mmm", words)


@pytest.mark.parametrize("page", [p for p in PAGES if list(commands(p))], ids=lambda page: page.stem)
def test_commands_shown_are_commands(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in commands(page):
        # What may be left out stands in brackets.
        program, *words = shlex.split(re.sub(r"\[[^\]]*\]", "", line), comments=True)
        if program == "mmm":
            parsed(words)
        elif program == "make":
            assert words[0] in targets, line
        elif program == "python" and words[0] != "-m":
            assert (ROOT / words[0]).is_file(), line
        else:
            assert Path(program).name in {"dask", "pip", "python"}, line


@pytest.mark.parametrize("line", ["mmm reprot shop.yaml", "mmm report shop.yaml --bugdet 3"])
def test_commands_that_are_none_are_seen(line: str) -> None:
    with pytest.raises(Exception, match=r"no command reprot|No such option: --bugdet|misspelt"):  # its class is Typer's
        parsed(shlex.split(line)[1:])


RUN = ("docs/howto/own_saturation.md",)
"""Pages whose Python needs no fit. Others: costs, extending, planner, README and guides, in the tests of their part."""


@pytest.mark.parametrize("name", RUN)
def test_python_shown_runs(name: str) -> None:
    found = blocks(ROOT / name, "python")
    assert found
    for block in found:
        exec(compile(block, name, "exec"), {})  # noqa: S102  (our own pages)


# Links


def anchors(page: Path) -> set[str]:
    """Names of the headings, as the site makes them; of two alike the second has a number."""
    found: set[str] = set()
    for title in re.findall(r"^#+ (.*)$", BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").replace("*", "")
        name, number = slugify(plain, "-"), 0
        while (name if not number else f"{name}_{number}") in found:
            number += 1
        found.add(name if not number else f"{name}_{number}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


# The site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site with notebooks that were not run: `make docs` runs them, which takes a fit."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site")
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder))
    config.extra["notebooks"] = "as they are"
    config.plugins.on_startup(command="build", dirty=False)
    build(config)  # strict: a broken link or anchor ends it
    return folder


def test_every_page_is_in_the_navigation(site: Path) -> None:
    listed = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    there = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert set(listed) <= there
    assert len(listed) == len(set(listed))
    linked = set(re.findall(r'href="([^"#]+)\.html" class="md-nav__link', (site / "glossary.html").read_text("utf-8")))
    assert {page.removesuffix(".md") for page in there} <= linked | {"glossary"}


def test_public_names_are_told(site: Path) -> None:
    import mmm

    text = (site / "api.html").read_text(encoding="utf-8")
    for name in set(mmm.__all__) - {"plot", "extend", "errors", "costs"}:
        assert re.search(rf'id="mmm\.[\w.]*\.{name}"', text), name


SHOWN = ("index", "howto/lift_tests", "gallery/02_set_priors", "glossary", "peers", "api")


@pytest.mark.browser
def test_no_request_leaves_a_page_and_the_search_finds(site: Path, browser: Any) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in SHOWN:
        page.goto((site / f"{name}.html").as_uri())
    page.keyboard.press("f")
    page.keyboard.type("carryover")
    page.wait_for_selector(".md-search-result__item", timeout=20_000)
    assert "model.html" in page.inner_html(".md-search-result")
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_axe_finds_nothing(site: Path, browser: Any, width: int, scheme: str) -> None:
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    told = []
    for name in SHOWN:
        page.goto((site / f"{name}.html").as_uri())
        page.add_script_tag(content=script)
        page.wait_for_timeout(50)  # The page's own script names its tables once it is loaded.
        for rule in page.evaluate("axe.run()")["violations"]:
            told += [f"{name} {rule['id']}: {node['html'][:150]}" for node in rule["nodes"][:3]]
    context.close()
    assert told == []


@pytest.mark.browser
def test_nothing_is_wider_than_a_phone(site: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    for name in SHOWN:
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    page.close()
