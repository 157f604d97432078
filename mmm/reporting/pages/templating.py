"""The report's templates, those of a user before them, and what is checked of the user's before anything is fitted.

A user's template runs in Jinja's sandbox: it reaches no underscored name, calls nothing but macros, ``t``, and methods
of texts, lists and mappings, and reads no file outside its folder. docs/trust.md says what it can still do.
"""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from types import BuiltinMethodType
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError, nodes
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.loaders import split_template_path
from jinja2.meta import find_referenced_templates, find_undeclared_variables
from jinja2.runtime import Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from mmm.errors import ReportError
from mmm.files import Wanted, files_below, read_text
from mmm.reporting.languages.words import Words
from mmm.reporting.notation.identity import bare, in_page
from mmm.reporting.notation.labels import calm
from mmm.suggest import did_you_mean

TEMPLATES = Path(__file__).parent / "templates"
MOST_FILES = 200
"""Files and folders in a folder of templates."""
TEMPLATE = Wanted("report.templates:", 1_000_000, ReportError, "Correct it, or remove the key.")
_PAGES = ("page.html.j2", "print.html.j2", "brief.html.j2")
_KINDS = (".j2", ".css", ".js")
_GLOBALS = ("range", "dict", "namespace", "cycler", "joiner")


class _Own(BaseLoader):
    """Templates of a user's folder; what is no file of it is left to the next loader."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        path = self.folder.joinpath(*split_template_path(template))
        if not path.is_file():
            raise TemplateNotFound(template)
        text, written = read_text(path, TEMPLATE), path.stat().st_mtime_ns
        return text, str(path), lambda: path.is_file() and path.stat().st_mtime_ns == written


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, which lets a template call any method of what it is given, without that."""

    def is_safe_callable(self, obj: Any) -> bool:
        # A call of what is undefined says that it is; a text's format is wrapped by the sandbox.
        if isinstance(obj, Macro | Words | Undefined) or any(obj is known for known in self.globals.values()):
            return True
        method = getattr(obj, "__wrapped__", obj)
        return isinstance(method, BuiltinMethodType) and isinstance(method.__self__, str | dict | list | tuple)


@functools.lru_cache(maxsize=4)
def environment(override: Path | None = None) -> Environment:
    """Templates with escaping on for everything; files in ``override`` replace those of the same name."""
    loaders: list[BaseLoader] = [FileSystemLoader(TEMPLATES)]
    if override is not None:
        loaders.insert(0, _Own(override))
    found = _Sandbox(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_calmed,
    )
    found.globals = {name: found.globals[name] for name in _GLOBALS}
    found.filters["strong"] = _strong
    found.filters["bare"] = bare
    return found


def _calmed(value: Any) -> Any:
    """What a template prints; HTML of the report's own was calmed when it was made."""
    return in_page(calm(value)) if isinstance(value, str) and not isinstance(value, Markup) else value


def _strong(text: str) -> Markup:
    """The text escaped, and what stands between two asterisks each side made bold."""
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", str(in_page(text))))  # noqa: S704


def render(template: str, override: Path | None, **context: Any) -> str:
    """A template's text; everything in ``context`` is escaped unless a template marks it as its own HTML.

    Raises ReportError where a user's template fails: a misspelt attribute, a call that the sandbox refuses.
    """
    if override is None:
        return environment().get_template(template).render(**context)
    try:
        return environment(override).get_template(template).render(**context)
    except TemplateError as error:
        raise _told(error, template, override) from error
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # What Python raises for an expression of a template; the report's own templates have none of it.
        raise ReportError(_sentence(override, template, f"{type(error).__name__}: {error}")) from error


def source(name: str, override: Path | None) -> str:
    """A style sheet or script as text; a file of that name in the override folder wins."""
    loader = environment(override).loader
    if loader is None:
        raise ReportError(f"The report's template '{name}' was not found. Install the package again.")
    return loader.get_source(environment(override), name)[0]


def check_templates(folder: Path) -> None:
    """Reads every template of a user's folder, and raises ReportError for what can be told without rendering it.

    That is: files that cannot be read or replace nothing, faults of syntax, unknown filters and tests, templates that
    are included and not there, and names that the report does not give to the template.
    """
    names = [path.relative_to(folder).as_posix() for path in files_below(folder, TEMPLATE, MOST_FILES)]
    known = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file()}
    used: set[str] = set()
    for name in (n for n in names if n.endswith(_KINDS)):
        text = read_text(folder / name, TEMPLATE)
        used |= _check(name, text, folder, known) if name.endswith(".j2") else set()
    for name in names:
        if name.endswith(_KINDS) and name not in known | used:
            said = f"replaces no template of the report. {did_you_mean(name, known, cutoff=0.4)}".rstrip()
            raise ReportError(_sentence(folder, name, said))


def _check(name: str, text: str, folder: Path, known: set[str]) -> set[str]:
    """Checks one template; returns the names of those that it includes."""
    env = environment(folder)
    try:
        tree = env.parse(text, name)
        env.compile(tree, name)  # knows filters and tests
    except TemplateError as error:
        raise _told(error, name, folder) from error
    except RecursionError as error:
        raise ReportError(_sentence(folder, name, "is nested too deeply")) from error
    included = {other for other in find_referenced_templates(tree) if other is not None}
    for other in sorted(included):
        if other not in known and not (folder / other).is_file():
            raise ReportError(_sentence(folder, name, f"includes '{other}', which is not there"))
    if name in known:
        given = _given(name)
        unknown = sorted(find_undeclared_variables(tree) - given - _guarded(tree) - set(env.globals))
        if unknown:
            said = f"uses the name '{unknown[0]}', which the report does not give it; it has {', '.join(sorted(given))}"
            raise ReportError(_sentence(folder, name, said))
    return included


def _given(name: str) -> set[str]:
    """What the report gives to a template: the names that its own uses, as a test holds; pages have the same cover."""
    own = _PAGES if name in _PAGES else (name,)
    parsed = (environment().parse((TEMPLATES / page).read_text(encoding="utf-8")) for page in own)
    return {"t"}.union(*map(find_undeclared_variables, parsed))


def _guarded(tree: nodes.Template) -> set[str]:
    """Names that a template asks for before it uses them: ``x is defined``, ``x|default("")``."""
    asked = [n.node for n in tree.find_all(nodes.Test) if n.name in ("defined", "undefined")]
    asked += [n.node for n in tree.find_all(nodes.Filter) if n.name in ("default", "d") and n.node is not None]
    return {node.name for node in asked if isinstance(node, nodes.Name)}


def _told(error: TemplateError, name: str, folder: Path) -> ReportError:
    if isinstance(error, TemplateSyntaxError):
        return ReportError(_sentence(folder, error.name or name, f"line {error.lineno}: {error.message}"))
    what = "uses something undefined: " if isinstance(error, UndefinedError) else ""
    return ReportError(_sentence(folder, name, f"{what}{error.message or type(error).__name__}"))


def _sentence(folder: Path, name: str, said: str) -> str:
    ending = "" if said.endswith("?") else "."
    return f"report.templates: {folder / name}: {said.rstrip('.')}{ending} Correct the template."
