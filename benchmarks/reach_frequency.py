"""Returns of a simulated panel with a channel of reach and frequency, beside their truth.

``python benchmarks/reach_frequency.py panel.csv truth.json`` fits the panel that Meridian simulates (google/meridian,
20 geos, 156 weeks, three channels of impressions and one of reach and frequency) by the default model, and by one that
takes the fourth channel's impressions as media. Prints a table of docs/reach_frequency.md.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from mmm.analysis.effects import effect, observed
from mmm.analysis.frequency import frequency_table
from mmm.data.load import load
from mmm.data.settings import DataSettings
from mmm.inference.mix import fit_mixture
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import make_mixture
from mmm.model.settings import ModelSettings


def settings(source: str, *, by_frequency: bool) -> DataSettings:
    """The data section; ``by_frequency`` for the fourth channel's reach and frequency, else its impressions."""
    plain = {
        f"Channel{i}": {"spend": f"Channel{i}_spend", "media": f"Channel{i}_impression", "media_unit": "impressions"}
        for i in range(4)
    }
    if by_frequency:
        plain["Channel3"] = {
            "role": "reach_frequency",
            "spend": "Channel3_spend",
            "media": "Channel3_reach",
            "media_unit": "persons",
            "frequency": "Channel3_frequency",
        }
    return DataSettings.model_validate(
        {
            "source": source,
            "date": "time",
            "geo": "geo",
            "population": "population",
            "currency": "USD",
            "target": {"column": "conversions", "kind": "kpi", "value_per_unit": "revenue_per_conversion"},
            "channels": plain,
            "controls": ["competitor_activity_score_control", "sentiment_score_control"],
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("panel", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--mixture", action="store_true", help="the default mixture instead of its first model")
    parser.add_argument("--draws", type=int, default=500)
    asked = parser.parse_args()
    truth = json.loads(asked.truth.read_text(encoding="utf-8"))["true_roi_by_channel"]
    print("| channel 4 as | channel | true ROAS | found | 90% interval | holds |")
    print("|---|---|---|---|---|---|")
    for by_frequency in (True, False):
        data = load(settings(asked.panel.name, by_frequency=by_frequency), asked.panel.parent)
        model = ModelSettings() if asked.mixture else ModelSettings(mixture=None)
        sampler = SamplerSettings(draws=asked.draws, tune=400, chains=4)
        fit = fit_mixture(data, make_mixture(data, model), sampler)
        draws, panel = fit.response(1000), observed(fit)
        roas = effect(draws, panel, panel.value).sum(axis=1) / panel.spend.sum(axis=0)
        low, middle, high = np.quantile(roas, [0.05, 0.5, 0.95], axis=0)
        name = "reach and frequency" if by_frequency else "impressions"
        for c, channel in enumerate(data.channels):
            inside = "yes" if low[c] <= truth[c] <= high[c] else "no"
            ends = f"{low[c]:.2f} to {high[c]:.2f}"
            print(f"| {name} | {channel} | {truth[c]:.2f} | {middle[c]:.2f} | {ends} | {inside} |", flush=True)
        for channel, line in frequency_table(fit, draws).iterrows():
            print(f"{channel}: {line.round(2).to_dict()}", flush=True)


if __name__ == "__main__":
    main()
