"""The comparison of two builds' results: what it counts, what it finds, and what it passes over."""

import same_numbers

BEFORE = {
    "made": {"started": "2026-01-05T00:00:00Z", "inputs": "a"},
    "channels": [{"name": "tv", "roas": {"mean": 1.0, "upper": None}}],
    "decision": {"verdict": "better", "gain": 2_000_000.0, "moved": True},
}


def after(**decision: object) -> dict[str, object]:
    return {**BEFORE, "made": {"started": "now", "inputs": "b"}, "decision": {**BEFORE["decision"], **decision}}


def test_who_made_it_is_no_difference() -> None:
    assert same_numbers.compared(BEFORE, after(), 0.0) == (2, [])


def test_a_number_differs_beyond_the_tolerance() -> None:
    changed = after(gain=2_000_002.0)
    assert same_numbers.compared(BEFORE, changed, 1e-5) == (2, [])
    count, (found,) = same_numbers.compared(BEFORE, changed, 1e-7)
    assert (count, found.place, found.before, found.after) == (2, "decision.gain", 2_000_000.0, 2_000_002.0)


def test_words_and_what_is_there_on_one_side_alone_come_first() -> None:
    changed = after(gain=3_000_000.0, verdict="open", new=1.0, moved=1)
    _, found = same_numbers.compared(BEFORE, changed, 0.1)
    assert {one.place for one in found[:2]} == {"decision.verdict", "decision.new"}
    assert found[-1].place == "decision.gain"
