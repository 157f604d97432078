"""One light a channel, made of the checks that name it."""

from mmm.assessment.checks import Check, Status
from mmm.assessment.lights import lights


def _check(name: str, status: Status, *channels: str) -> Check:
    return Check(name, name, status, 1.0, "", "", channels=channels)


def test_a_light_is_what_the_checks_say_of_the_channel() -> None:
    checks = (
        _check("r_hat", "fail"),
        _check("prior", "warn", "tv", "radio"),
        _check("surprise", "warn", "tv"),
        _check("family", "pass", "search"),
        _check("sign", "fail", "display"),
        _check("noise", "warn"),
    )
    found = lights(checks, ("tv", "search", "radio", "display"))
    assert [light.colour for light in found] == ["red", "green", "amber", "red"]
    assert [light.to_dict()["reasons"] for light in found] == [["surprise", "prior"], [], ["prior"], ["sign"]]


def test_what_is_about_the_model_as_a_whole_colours_no_channel() -> None:
    assert [light.colour for light in lights((_check("coverage", "warn"),), ("tv",))] == ["green"]
