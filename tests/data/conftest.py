"""Small frames, settings and errors that the tests of the data layer share."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.errors import DataError


def make_frame(weeks: int = 30, geos: tuple[str, ...] = ("north", "south")) -> pd.DataFrame:
    """A clean weekly panel: date, geo, tv, search, clicks, price, population, sales."""
    rng = np.random.default_rng(5)
    parts = []
    for k, geo in enumerate(geos):
        tv = rng.lognormal(3, 0.3, weeks)
        parts.append(
            pd.DataFrame(
                {
                    "date": pd.date_range("2023-01-02", periods=weeks, freq="7D").strftime("%Y-%m-%d"),
                    "geo": geo,
                    "tv": tv,
                    "search": rng.lognormal(2, 0.3, weeks),
                    "clicks": rng.lognormal(5, 0.3, weeks),
                    "price": rng.normal(10, 1, weeks),
                    "population": 1000.0 * (k + 1),
                    "sales": 200 + tv + rng.normal(0, 5, weeks),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def make_settings(**changes: Any) -> DataSettings:
    given: dict[str, Any] = {
        "source": "frame.csv",
        "geo": "geo",
        "target": {"column": "sales"},
        "currency": "EUR",
        "channels": {"tv": "tv", "search": {"spend": "search", "media": "clicks", "media_unit": "clicks"}},
        "controls": ["price"],
        "population": "population",
    }
    return DataSettings.model_validate(given | changes)


@pytest.fixture
def frame() -> pd.DataFrame:
    return make_frame()


@pytest.fixture
def frame_of() -> Callable[..., pd.DataFrame]:
    return make_frame


@pytest.fixture(scope="session")
def settings_of() -> Callable[..., DataSettings]:
    return make_settings


@pytest.fixture
def loaded() -> Callable[..., Dataset]:
    """Load a frame under the standard settings with changes."""
    return lambda frame, **changes: from_frame(frame, make_settings(**changes))


@pytest.fixture
def refused() -> Callable[..., str]:
    """The message with which a frame is refused."""

    def message(frame: pd.DataFrame, **changes: Any) -> str:
        with pytest.raises(DataError) as error:
            from_frame(frame, make_settings(**changes))
        return str(error.value)

    return message
