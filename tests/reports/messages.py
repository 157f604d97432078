"""The messages of the report as they stand in code and templates, and the sentences of the layers below.

``python tests/reports/messages.py`` prints what a catalogue lacks and what nothing uses any more.
"""

import ast
import sys
from collections.abc import Iterator

from jinja2 import nodes

from mmm.assessment.checks import PROBLEMS
from mmm.data.role import ROLES
from mmm.lenses.beside import ANY_TEST, NO_REASON, OTHER_WAY, REASONS
from mmm.lenses.table import USES
from mmm.planning.statements import WORDS
from mmm.reporting.languages.words import words
from mmm.reporting.pages.templating import TEMPLATES, environment

PACKAGE = TEMPLATES.parent.parent.parent
LANGUAGES = ("de", "fr", "es")
_BELOW = (
    "data/quality",
    "assessment/checks.py",
    "assessment/agreement.py",
    "assessment/explanations.py",
    "assessment/identification.py",
)


def used() -> dict[str, str | None]:
    """Messages by their singular; the plural where they count."""
    found: dict[str, str | None] = {}
    for path in sorted((PACKAGE / "reporting").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found |= _of_call(node)
    found |= dict.fromkeys((*USES.values(), NO_REASON, OTHER_WAY, ANY_TEST))
    found |= {text: None for reason in REASONS.values() for text in (reason.said, reason.test)}
    found |= {text: None for kind, text in WORDS.items() if kind not in ("definition", "further")}
    found |= {role.label: None for role in ROLES.values() if not role.costs}
    env = environment()
    for path in sorted(TEMPLATES.rglob("*.j2")):
        for call in env.parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "t" and call.args:
                found[call.args[0].as_const()] = None
    return found


def _of_call(node: ast.Call) -> dict[str, str | None]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if isinstance(node.func, ast.Call):
        # As in words of a language that are called at once.
        name = "t" if getattr(node.func.func, "id", "") == "words" else ""
    texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if name in ("t", "mark") and texts:
        return {texts[0]: None}
    return {texts[0]: texts[1]} if name == "plural" and len(texts) > 1 else {}


def made_below() -> Iterator[str]:
    """Sentences for readers in the layers below, with 7 wherever a value stands."""
    yield from (*PROBLEMS.values(), "One chain cannot disagree", "No period was held out")
    for entry in _BELOW:
        base = PACKAGE / entry
        for path in sorted(base.rglob("*.py")) if base.is_dir() else [base]:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield from (s for s in _sentences(node) if any(c.isalpha() for c in s))


_READ = {"Finding": (2, 3), "Check": (1, 4, 5, 6), "append": (0,), "add": (0,)}


def _sentences(node: ast.Call) -> Iterator[str]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    for position in _READ.get(name, ()):
        if position < len(node.args):
            given = node.args[position]
            for one in (given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,):
                text = _sample(one)
                if text is not None:
                    yield text


def _sample(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "7" for p in node.values)
    return None


def _report() -> Iterator[str]:
    for language in LANGUAGES:
        known = {message for context, message in words(language).messages if not context}
        yield f"{language} lacks {sorted(set(used()) - known)}"
        yield f"{language} no longer needs {sorted(known - set(used()))}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(_report()) + "\n")
