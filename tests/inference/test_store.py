"""The store: what is written is read, the same is found, damage is seen, nothing is half-written."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mmm.errors import FitError
from mmm.inference import store
from mmm.inference.attempt import joined, thinned
from mmm.inference.sample import fit_key
from mmm.inference.settings import SamplerSettings


def test_round_trip(known, tmp_path):
    store.save(known.fit, tmp_path / "fit")
    found = store.load(tmp_path / "fit")
    assert found.spec == known.fit.spec
    assert found.dataset.fingerprint == known.fit.dataset.fingerprint
    assert (found.key, found.seed, found.engine) == (known.fit.key, known.fit.seed, known.fit.engine)
    for name, values in known.fit.main.posterior.data_vars.items():
        np.testing.assert_array_equal(found.main.posterior[name].values, values.values)
    np.testing.assert_array_equal(found.response().log_beta, known.fit.response().log_beta)
    assert [p.name for p in tmp_path.iterdir()] == ["fit"]


def test_damage_is_reported(known, tmp_path):
    store.save(known.fit, tmp_path / "fit")
    chunk = max((tmp_path / "fit" / "fit.zarr").rglob("0*"), key=lambda p: p.stat().st_size)
    content = bytearray(chunk.read_bytes())
    content[-1] ^= 1
    chunk.write_bytes(bytes(content))
    with pytest.raises(FitError, match="damaged"):
        store.load(tmp_path / "fit")
    (tmp_path / "fit" / "meta.json").write_text("{", encoding="utf-8")
    with pytest.raises(FitError, match="cannot be read"):
        store.load(tmp_path / "fit")


def test_a_later_format_is_refused(known, tmp_path):
    store.save(known.fit, tmp_path / "fit")
    meta = json.loads((tmp_path / "fit" / "meta.json").read_text(encoding="utf-8"))
    (tmp_path / "fit" / "meta.json").write_text(json.dumps(meta | {"format_version": 99}), encoding="utf-8")
    with pytest.raises(FitError, match="format 99"):
        store.load(tmp_path / "fit")


def test_a_failed_write_leaves_nothing(known, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_meta", lambda _: {"not json": object()})
    with pytest.raises(TypeError):
        store.save(known.fit, tmp_path / "fit")
    assert list(tmp_path.iterdir()) == []


def test_the_key_follows_what_the_fit_depends_on(known):
    fit, sampler = known.fit, SamplerSettings()
    key = fit_key(fit.dataset, fit.spec, sampler)
    assert key == fit_key(fit.dataset, fit.spec, SamplerSettings(store="elsewhere"))
    assert key != fit_key(fit.dataset, fit.spec, SamplerSettings(seed=7))
    assert key != fit_key(fit.dataset, fit.spec.model_copy(update={"noise_scale": 9.0}), sampler)
    changed = fit.dataset.data.copy(deep=True)
    changed["outcome"][3] += 1e-9
    assert key != fit_key(replace(fit.dataset, data=changed), fit.spec, sampler)
    assert key != fit_key(fit.dataset.with_outcome_hidden(13), fit.spec, sampler)


@pytest.mark.parametrize("change", [lambda tree: joined(tree, tree), lambda tree: thinned(tree, 3), lambda tree: tree])
def test_what_was_read_can_be_stored_again(known, tmp_path, change):
    """What is read remembers the chunks in which it lay; written in them after it grew it could not be read again."""
    found = with_energies(known.fit, 324)
    for time in range(3):
        store.save(found, tmp_path / str(time))
        found = store.load(tmp_path / str(time))
        changed = change(found.main.tree)
        found = replace(found, members=(replace(found.main, tree=changed),))
    store.save(found, tmp_path / "last")
    again = store.load(tmp_path / "last")
    for group in ("posterior", "sample_stats"):
        xr.testing.assert_equal(again.main.tree[group].to_dataset(), found.main.tree[group].to_dataset())


def with_energies(fit, draws):
    """The fit with so many draws that they fill more than one chunk unevenly, and with energies."""
    posterior = fit.main.posterior.isel(draw=np.resize(np.arange(4), draws)).assign_coords(draw=np.arange(draws))
    rng = np.random.default_rng(1)
    stats = xr.Dataset(
        {
            "diverging": (("chain", "draw"), np.zeros((1, draws), dtype=bool)),
            "energy": (("chain", "draw"), rng.normal(size=(1, draws))),
        }
    )
    posterior["wide"] = (("chain", "draw", "k"), rng.normal(size=(1, draws, 500)))
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    return replace(fit, members=(replace(fit.main, tree=tree),))
