"""A judgement: everything that was computed to judge a fit, as plain data."""

from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from mmm.assessment.agreement import Agreement, View
from mmm.assessment.checks import Check
from mmm.assessment.gate import GateReport
from mmm.assessment.holdout import HoldoutResult
from mmm.assessment.signals import Signals
from mmm.model.evidence import Experiment
from mmm.sealed import number
from mmm.workflow.plain import frame, frame_data

_FRAMES = ("total", "cells")
_NUMBERS = ("coverage", "cell_coverage", "crps", "naive_crps", "error", "naive_error", "r_hat")


@dataclass(frozen=True)
class Judgement:
    """What says whether a fit may be believed; the fit behind the held-out forecast is not part of it.

    ``holdout`` is None where nothing was held out, ``agreed`` has one entry for each experiment.
    """

    holdout: HoldoutResult | None
    signals: Signals
    agreed: tuple[Agreement, ...]
    gate: GateReport

    def to_data(self) -> dict[str, Any]:
        """Plain data, all of it."""
        return {
            "holdout": None if self.holdout is None else _holdout_data(self.holdout),
            "signals": {
                "channels": frame_data(self.signals.channels),
                "whole": {name: number(value) for name, value in self.signals.whole.items()},
            },
            "agreed": [_agreement_data(one) for one in self.agreed],
            "checks": [
                {**asdict(check), "value": None if check.value is None else number(check.value)}
                for check in self.gate.checks
            ],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Judgement":
        """What :meth:`to_data` gave. Raises KeyError, TypeError or ValueError for anything else."""
        found = data["signals"]
        checks = [
            Check(**{**check, "value": _real(check["value"]), "channels": tuple(check["channels"])})
            for check in data["checks"]
        ]
        return cls(
            holdout=None if data["holdout"] is None else _holdout(data["holdout"]),
            signals=Signals(frame(found["channels"]), {name: float(value) for name, value in found["whole"].items()}),
            agreed=tuple(_agreement(one) for one in data["agreed"]),
            gate=GateReport(tuple(checks)),
        )


def _real(value: float | str | None) -> float | None:
    return None if value is None else float(value)


def _holdout_data(result: HoldoutResult) -> dict[str, Any]:
    rest = {f.name: getattr(result, f.name) for f in fields(result) if f.name not in (*_FRAMES, *_NUMBERS, "fit")}
    return {
        **rest,
        "dates": frame_data(pd.DataFrame({"date": result.dates})),
        "geos": list(result.geos),
        "excluded": list(result.excluded),
        **{name: number(getattr(result, name)) for name in _NUMBERS},
        **{name: frame_data(getattr(result, name)) for name in _FRAMES},
    }


def _holdout(data: dict[str, Any]) -> HoldoutResult:
    return HoldoutResult(
        **{
            **data,
            "dates": pd.DatetimeIndex(frame(data["dates"])["date"], name=None),
            "geos": tuple(data["geos"]),
            "excluded": tuple(data["excluded"]),
            **{name: float(data[name]) for name in _NUMBERS},
            **{name: frame(data[name]) for name in _FRAMES},
        }
    )


def _agreement_data(one: Agreement) -> dict[str, Any]:
    return {
        "experiment": one.experiment.model_dump(mode="json"),
        **{name: number(getattr(one, name)) for name in ("money", "measured", "error")},
        **{name: {k: number(v) for k, v in asdict(getattr(one, name)).items()} for name in ("told", "untold")},
        "source": one.source,
    }


def _agreement(data: dict[str, Any]) -> Agreement:
    return Agreement(
        **{
            **data,
            "experiment": Experiment.model_validate(data["experiment"]),
            **{name: float(data[name]) for name in ("money", "measured", "error")},
            **{name: View(**{k: float(v) for k, v in data[name].items()}) for name in ("told", "untold")},
        }
    )
