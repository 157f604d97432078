"""Nested channels: the channels and groups that parts belong to, as paths of names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator

from mmm.data.target import Name

MOST_PARTS = 60
_DEEPEST = 2
Paths = Mapping[str, tuple[str, ...]]
"""By part, the channel that it belongs to and the group in between; empty where it stands alone."""


def _path(text: str) -> str:
    parts = [part.strip() for part in text.split("/")]
    if not 1 <= len(parts) <= _DEEPEST or not all(parts):
        raise ValueError(f"'{text}' is no channel, or channel/group: there are at most three levels, parts included.")
    return "/".join(parts)


WithinPath = Annotated[Name, AfterValidator(_path)]


def nodes_of(names: Sequence[str], within: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Parts of every channel, and of every group within one, in the order in which they first stand."""
    found: dict[tuple[str, ...], list[str]] = {}
    for path in dict.fromkeys(p[:1] for p in within if p):
        found[path] = []
        for longer in dict.fromkeys(p for p in within if p[:1] == path and len(p) > 1):
            found[longer] = []
    for name, path in zip(names, within, strict=True):
        for depth in range(1, len(path) + 1):
            found[path[:depth]].append(name)
    return {path: tuple(parts) for path, parts in found.items()}


def nesting_problems(paths: Paths) -> Iterator[str]:
    """What is wrong with the parts of channels, in sentences."""
    nodes = nodes_of(list(paths), list(paths.values()))
    for path, parts in nodes.items():
        said = "/".join(path)
        if path[-1] in paths:
            yield f"channels.{path[-1]} is a channel, and others are within '{said}'. Give the whole another name."
        if len(path) == 1 and len(parts) < 2:
            yield f"channels.{parts[0]}: it is the only part of '{said}'. Leave within out, or name the other parts."
        if len(parts) > MOST_PARTS:
            yield f"'{said}' has {len(parts)} parts; at most {MOST_PARTS} are told apart. Join the small ones."
    last = [path[-1] for path in nodes]
    for name in dict.fromkeys(name for name in last if last.count(name) > 1):
        yield f"'{name}' is the name of two channels or groups. Give each its own."
