"""How many digits numbers are written with: values that a reader can check by hand."""

import pytest

from mmm.digits import amount, decimals, interval, of_column, tell_apart, written


@pytest.mark.parametrize(
    ("several", "text"),
    [
        ((0.0267, 0.021, 0.033), "0.027 (0.021 to 0.033)"),
        ((26_943.2, 21_300.0, 33_100.0), "26,943 (21,300 to 33,100)"),
        ((4.2, 1.3, 10.1), "4 (1 to 10)"),
        ((0.45, 0.33, 0.6), "0.45 (0.33 to 0.60)"),
        ((2.67e-14, 2.1e-14, 3.3e-14), "2.7e-14 (2.1e-14 to 3.3e-14)"),
        ((0.0, 0.0, 0.0), "0 (0 to 0)"),
    ],
)
def test_digits_follow_the_interval(several: tuple[float, float, float], text: str) -> None:
    assert interval(*several) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.45, "0.45"),
        (12.4, "12"),
        (3.0, "3"),
        (1234.56, "1,235"),
        (0.00041, "0.00041"),
        (2e-14, "2.0e-14"),
        (0.0, "0"),
    ],
)
def test_a_number_alone_is_never_written_as_nothing(value: float, text: str) -> None:
    assert amount(value) == text


@pytest.mark.parametrize("power", range(-20, 13))
def test_no_estimate_is_written_as_nothing_at_any_scale(power: int) -> None:
    """Rates, indexes, counts and amounts in millions: the ends differ as they are written, whatever the unit."""
    several = tuple(v * 10.0**power for v in (2.67, 2.1, 3.3))
    places = decimals(*several)
    texts = [written(v, places) for v in several]
    assert len(set(texts)) == 3
    assert all(
        float(text.replace(",", "")) == pytest.approx(v, rel=0.2) for text, v in zip(texts, several, strict=True)
    )


def test_signs() -> None:
    assert amount(0.3, 0.3, -0.1, 0.7, sign=True) == "+0.3"
    assert amount(-0.0004, -2.0, 2.0) == "0"


def test_columns_and_axes() -> None:
    assert of_column([1_250_000.0, 3.0]) == 0
    assert of_column([0.0267, 0.0011]) == 5
    assert tell_apart([0.0, 0.5, 1.0]) == 1
    assert tell_apart([0.0, 2e-4, 4e-4]) == 4
