"""What MkDocs does besides its own: pages from elsewhere in the repository, executed notebooks, names of the API.

Pages link to files of the repository (``../mmm/files.py``); on the site these are copies of them.
"""

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))

import gallery  # noqa: E402

PAGES = {"README.md": "index.md", "ARCHITECTURE.md": "project/architecture.md", "CHANGELOG.md": "project/changelog.md"}
"""Files beside docs that are pages of the site."""
_LINK = re.compile(r"(?<!\\)\]\((?!https?:|#|mailto:)([^)\s#]+)(#[^)]*)?\)")
_ROLE = re.compile(r":(?:class|func|mod|attr|meth):\s*<code>~?(?:mmm\.)?")
_GROUPS = (
    ("From data to a decision", "from_frame load fit plan report"),
    ("What they give", "Dataset Fit Plan Analysis GateReport Preview ModelSpec"),
    ("Looking", "correlations quality_report preview by_model disagreement plan_by_model key_moves few_moves"),
    ("Comparing models", "compare_models"),
    ("Tests", "design_tests read_tests"),
    ("Planning further", "advise budget_curve flighting perfect_information scenario_plans spend_by_scenario"),
    ("Models", "make_spec build ModelSettings SamplerSettings"),
    ("Settings", "load_settings load_dataset Settings PlanSettings GateSettings ReportSettings"),
)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put pages that the navigation does not name at the end of the reference."""
    named = set(re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    there = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    reference = next(part["Reference"] for part in config.nav or [] if "Reference" in part)
    reference += sorted(there - named)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and whatever a page links to outside docs."""
    for name, page in PAGES.items():
        if page != "index.md":
            files.append(File.generated(config, page, content=_moved(name, page), inclusion=InclusionLevel.NOT_IN_NAV))
    for name, content in gallery.pages(ROOT, run=config.extra["notebooks"] == "run").items():
        files.append(File.generated(config, name, content=content, inclusion=InclusionLevel.NOT_IN_NAV))
    for target in sorted(_linked(files)):
        content = (ROOT / target).read_text(encoding="utf-8")
        files.append(File.generated(config, f"source/{target}.txt", content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point links at where the site has their targets, and write the API's names out."""
    if page.file.src_uri == "api.md":
        markdown = markdown.replace("<!-- names -->", _names())
    if page.file.src_uri == "gallery.md":
        markdown = markdown.replace("<!-- notebooks -->", gallery.listed(ROOT))
    return _LINK.sub(lambda m: f"]({_site(m[1], page.file.src_uri)}{m[2] or ''})", markdown)


def on_post_page(output: str, **_: Any) -> str:
    """Give the theme's search a name, which a dialog needs to be announced; show names without their roles."""
    return _ROLE.sub("<code>", output.replace('role="dialog"', 'role="dialog" aria-label="Search"', 1))


def _moved(name: str, page: str) -> str:
    """A page of the root, its links as seen from its place on the site."""
    text = (ROOT / name).read_text(encoding="utf-8")
    up = "../" * (page.count("/") + 1)
    return _LINK.sub(lambda m: f"]({up}{m[1]}{m[2] or ''})", text)


def _outside(link: str, source: str) -> str:
    """The path from the repository's root of a link out of docs; empty where it stays inside."""
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(source), link))
    return "" if path.startswith("docs/") else path


def _site(link: str, source: str) -> str:
    """A link as it has to stand on the site."""
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(source), link))
    if path.startswith("docs/"):
        target = path.removeprefix("docs/")
    elif path in PAGES:
        target = PAGES[path]
    elif path == "notebooks/README.md":
        target = "gallery.md"
    else:
        target = f"source/{_file(path)}.txt"
    return posixpath.relpath(target, posixpath.dirname(source) or ".")


def _file(path: str) -> str:
    """The file that stands for a path: of a folder its first one."""
    whole = ROOT / path
    return path if whole.is_file() else f"{path}/{min(p.name for p in whole.iterdir() if p.is_file())}"


def _linked(files: Files) -> set[str]:
    """Files outside docs that pages link to."""
    found = set()
    for file in files.documentation_pages():
        text = file.content_string
        for match in _LINK.finditer(text):
            path = _outside(match[1], file.src_uri)
            if path and path not in PAGES and path != "notebooks/README.md" and (ROOT / path).exists():
                found.add(_file(path))
    return found


def _names() -> str:
    """Every public name under its heading, as mkdocstrings reads it from its docstring."""
    import mmm

    told = {name for _, names in _GROUPS for name in names.split()}
    modules = [name for name in mmm.__all__ if type(getattr(mmm, name)).__name__ == "module"]
    left = sorted(set(mmm.__all__) - told - set(modules))
    if left:
        raise ValueError(f"docs/site/hooks.py: put {left} into a group of the API's page.")
    parts = []
    for title, names in _GROUPS:
        parts.append(f"## {title}\n")
        parts += [f"::: {_home(getattr(mmm, name))}\n" for name in names.split()]
    for module in ("plot", "extend", "errors"):
        parts.append(f"## mmm.{module}\n")
        there = getattr(mmm, module)
        names = getattr(there, "__all__", None) or [
            name for name, item in vars(there).items() if getattr(item, "__module__", "") == there.__name__
        ]
        parts += [
            f"::: {_home(getattr(there, name))}\n" for name in names if hasattr(getattr(there, name), "__qualname__")
        ]
    return "\n".join(parts)


def _home(item: Any) -> str:
    """Where a name is defined."""
    return f"{item.__module__}.{item.__qualname__}"
