"""Values of ``-p``: any name with any text, on commands that have a stored fit, so that plans are made of them."""

import random
from typing import Any

from fuzz.command import Fault, faults, run
from fuzz.settings_cases import Bench, agreement
from fuzz.values import hostile, near

_SLOW_NAMES = ("sampler.draws", "sampler.tune", "sampler.chains", "model.mixture", "sampler.engine")


def case(bench: Bench, index: int, seed: int) -> tuple[list[Fault], dict[str, Any]]:
    """One to three parameters on check and, where that accepts them, on plan."""
    from mmm.settings.explain import dotted_keys

    rng = random.Random(f"{seed}:parameters:{index}")
    names = [name for name in dotted_keys() if name not in _SLOW_NAMES]
    plans = [name for name in names if name.startswith(("plan.", "gate."))]
    world = rng.choice(list(bench.short))
    given: list[str] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        name = rng.choice(plans if rng.random() < 0.7 else names)
        given += ["-p", _parameter(name, bench.full[world], rng)]
    path = bench.folder / "parameters.yaml"
    path.write_bytes((bench.folder / f"{world}.yaml").read_bytes())
    argv = [path.name, *given]
    checked = run(["check", *argv], bench.folder)
    found = faults(checked)
    if checked.code == 0 and not found:
        planned = run(["plan", *argv], bench.folder)
        found = [*faults(planned), *agreement(checked, planned)]
    return found, {
        "world": world,
        "parameters": given[1::2],
        "content": "\n".join(given[1::2]).encode("utf-8", "replace"),
        "code": checked.code,
    }


def _parameter(name: str, document: Any, rng: random.Random) -> str:
    value = document
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    how = rng.random()
    if how < 0.03:
        return rng.choice(
            (name, f"{name}=", f"={name}", name.upper() + "=1", f"{name}==1", f"{name} = 1", f"{name}.x=1", "=", "")
        )
    if how < 0.06:
        return f"{name}={rng.choice(('[', '{a: ', '!!python/none x', '*a', '&a 1', chr(9), '- a', '>', '@', '{{x}}'))}"
    made = hostile(rng) if how < 0.6 else near(value, rng)
    return f"{name}={_flow(made)}".replace("\0", "\\0")


def _flow(value: Any) -> str:
    """The value as YAML on one line; NUL cannot be in an argument, and is escaped."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return (
            value
            if value.isalnum()
            else '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\\0").replace("\n", "\\n") + '"'
        )
    return (
        {None: "null", True: "true", False: "false"}.get(value, repr(value))
        if not isinstance(value, int | float) or isinstance(value, bool)
        else repr(value)
    )
