"""The store: what is written is read, the same is found, damage is seen, nothing is half-written."""

import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import engine_cases as cases
import numpy as np
import pytest
import xarray as xr

from mmm.analysis import analyse
from mmm.errors import FitError
from mmm.inference import store
from mmm.inference import stored as stored_module
from mmm.inference.attempt import joined, thinned
from mmm.inference.convergence import Convergence, by_parameter, convergence
from mmm.inference.keys import fit_key
from mmm.inference.settings import SamplerSettings
from mmm.inference.stored import LaterFormatError
from mmm.model.mixture import make_mixture
from mmm.model.settings import DEFAULT_MEMBERS, MixtureSettings, ModelSettings
from mmm.planning import plan
from mmm.planning.settings import PlanSettings
from mmm.sealed import SEAL, seal


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


TWO = {name: DEFAULT_MEMBERS[name] for name in list(DEFAULT_MEMBERS)[:2]}


@pytest.fixture(scope="module")
def sampled():
    """A mixture of two models, sampled briefly, and the settings of its sampler."""
    data = cases.dataset("national", channels=2)
    stated = ModelSettings(lookback="8 weeks", mixture=MixtureSettings(members=TWO))
    sampler = SamplerSettings(draws=20, tune=50, chains=2, attempts=1, seed=1)
    return data, make_mixture(data, stated), sampler


def stored(sampled, folder, say=lambda _: None):
    data, mixture, sampler = sampled
    return store.obtain(data, mixture, sampler.model_copy(update={"store": str(folder)}), report=say)


@pytest.fixture(scope="module")
def original(sampled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    return stored(sampled, folder), folder


@pytest.fixture
def kept(original, tmp_path):
    """The mixture, and a copy of its store."""
    shutil.copytree(original[1], tmp_path / "store")
    return original[0], tmp_path / "store"


def test_every_flipped_bit_is_seen(kept):
    fit, folder = kept
    rng = np.random.default_rng(5)
    for path in (folder / fit.main.key / "meta.json", folder / fit.key / "meta.json"):
        content = path.read_bytes()
        meta = json.loads(content)
        for at in rng.choice(len(content), 80, replace=False):
            damaged = bytearray(content)
            damaged[at] ^= 1 << int(rng.integers(8))
            path.write_bytes(bytes(damaged))
            try:
                # What is left means the same: a space that became another.
                same = json.loads(bytes(damaged)) == meta
            except ValueError:
                same = False
            if not same:
                with pytest.raises(FitError) as raised:
                    store.load(path.parent)
                assert not isinstance(raised.value, LaterFormatError)
        path.write_bytes(content)
    store.load(folder / fit.key)


def test_every_flipped_bit_of_the_draws_is_seen(kept):
    fit, folder = kept
    files = sorted(p for p in (folder / fit.main.key / "fit.zarr").rglob("*") if p.is_file() and p.stat().st_size)
    rng = np.random.default_rng(6)
    for path in rng.choice(np.array(files, dtype=object), 25, replace=False):
        content = path.read_bytes()
        damaged = bytearray(content)
        damaged[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(damaged))
        with pytest.raises(FitError, match="damaged"):
            store.load(folder / fit.main.key)
        path.write_bytes(content)
    files[0].unlink()
    with pytest.raises(FitError, match="damaged"):
        store.load(folder / fit.main.key)


def test_another_fit_in_its_place_is_seen_and_made_again(sampled, kept):
    fit, folder = kept
    first, second = (folder / member.key for member in fit.members)
    shutil.rmtree(first)
    shutil.copytree(second, first)
    with pytest.raises(FitError, match=f"holds another fit .{second.name[:12]}"):
        store.load(first)
    said = []
    again = stored(sampled, folder, said.append)
    assert [line for line in said if "holds another fit" in line and line.endswith("Fitting again.")]
    assert again.key == fit.key
    assert store.load(first).key == first.name


def test_a_fit_that_was_told_another_key_is_seen(kept):
    """Hashes that are right for a wrong content: the key is made anew from data, model and sampler."""
    fit, folder = kept
    path = folder / fit.main.key
    meta = json.loads((path / "meta.json").read_text(encoding="utf-8"))
    for change in ({"made_of": meta["made_of"] | {"attempt": 3}}, {"spec": meta["spec"] | {"noise_scale": 9.0}}):
        rewrite(path, change)
        with pytest.raises(FitError, match="its key is not that of what it holds"):
            store.load(path)
        rewrite(path, {name: meta[name] for name in change})
    store.load(path)
    mixed = json.loads((folder / fit.key / "meta.json").read_text(encoding="utf-8"))
    weights = [member | {"weight": w} for member, w in zip(mixed["members"], (0.25, 0.75), strict=True)]
    rewrite(folder / fit.key, {"members": weights})
    with pytest.raises(FitError, match="its key is not that of what it holds"):
        store.load(folder / fit.key)


def rewrite(folder, change):
    """Change what ``meta.json`` says, and its hash with it."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8")) | change
    del meta["content"]
    (folder / "meta.json").write_text(seal(meta), encoding="utf-8")


def test_damaged_weights_are_made_again_and_said(sampled, kept):
    fit, folder = kept
    (folder / fit.key / "meta.json").write_text("{", encoding="utf-8")
    said = []
    again = stored(sampled, folder, said.append)
    assert any("cannot be read" in line and line.endswith("Weighting again.") for line in said)
    assert not [line for line in said if "Fitting" in line or "made in" in line]
    assert store.load(folder / fit.key).key == again.key == fit.key


def test_a_later_format_is_left_as_it_is(sampled, kept):
    fit, folder = kept
    rewrite(folder / fit.main.key, {"format_version": 99})
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    for use in (lambda: store.load(folder / fit.main.key), lambda: stored(sampled, folder)):
        with pytest.raises(LaterFormatError, match=r"has format 99; this version reads up to 3. It was left as it is."):
            use()
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_a_mixture_of_the_second_format_is_read_planned_on_and_stored_anew(tmp_path):
    """Made by the version before hashes of everything: four geos, three channels, two models with equal weights."""
    with zipfile.ZipFile(Path(__file__).parent / "fits" / "format_2.zip") as archive:
        archive.extractall(tmp_path / "old")
    mixture = next(p for p in (tmp_path / "old").iterdir() if not (p / "fit.zarr").exists())
    old = store.load(mixture)
    assert (old.key, [m.weight for m in old.members]) == (mixture.name, [0.5, 0.5])
    assert float(old.response().log_beta.sum()) == pytest.approx(6371.272862782148)
    assert analyse(old).channels["roas"].to_numpy() == pytest.approx([0.931140, 1.306324, 1.451723], rel=1e-5)
    found = plan(old, PlanSettings(objective="expected_outcome"))
    assert float(found.allocation["spend"].sum()) <= found.total_budget * (1 + 1e-9)
    for member in old.members:
        one = old.of(replace(member, weight=1.0))
        store.save(one, tmp_path / "new" / "fit")
        again = store.load(tmp_path / "new" / "fit")
        assert again.format_version == 3
        xr.testing.assert_equal(again.main.posterior, one.main.posterior)
        shutil.rmtree(tmp_path / "new")


def test_variables_come_back_in_the_order_in_which_they_were_stored(kept):
    """Zarr opens them side by side and gives them in another order from process to process."""
    fit, folder = kept
    for member in fit.members:
        found = store.load(folder / member.key).main
        for group in ("posterior", "convergence"):
            assert list(found.tree[group].data_vars) == list(member.tree[group].data_vars)
        assert found.made_of == member.made_of


def test_metadata_lie_in_one_file_and_fits_without_it_are_read(kept, tmp_path):
    fit, folder = kept
    key = fit.main.key
    assert (folder / key / "fit.zarr" / ".zmetadata").is_file()
    apart = tmp_path / "apart"
    shutil.copytree(folder / key, apart)
    (apart / "fit.zarr" / ".zmetadata").unlink()
    meta = json.loads((apart / "meta.json").read_text(encoding="utf-8"))
    meta.pop(SEAL)
    (apart / "meta.json").write_text(seal(meta | {"sha256": stored_module._hash(apart / "fit.zarr")}), encoding="utf-8")
    assert store.load(apart).main.tree.identical(store.load(folder / key).main.tree)


def test_convergence_by_parameter_is_stored_and_is_that_of_the_draws(kept):
    fit, folder = kept
    found = store.load(folder / fit.main.key).main
    known = by_parameter(found.tree)
    made = by_parameter(xr.DataTree.from_dict({"posterior": found.posterior}))
    xr.testing.assert_allclose(known.reindex(parameter=made["parameter"].values), made)
    assert convergence(found.tree) == found.converged


def test_a_store_that_cannot_be_written_is_told_before_sampling(sampled, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("mmm.inference.store.sample_once", lambda *_, **__: pytest.fail("sampled"))
    with pytest.raises(FitError, match=r"Fits cannot be stored in .* so nothing was sampled"):
        stored(sampled, tmp_path / "file" / "store")


def test_a_disk_that_is_full_leaves_nothing(kept):
    """A limit on the size of files stands for the full disk: the error comes in the middle of a file."""
    fit, folder = kept
    script = (
        "import pathlib, resource, signal, sys\n"
        "from mmm.inference import store\nfrom mmm.errors import FitError\n"
        "path = pathlib.Path(sys.argv[1])\nfit = store.load(path)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))\n"
        "try:\n    store.save(fit, path.with_name('copy'))\nexcept FitError as error:\n    print(error)"
    )
    command = [sys.executable, "-c", script, str(folder / fit.main.key)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "The fit could not be stored in" in done.stdout, done.stderr
    assert "and nothing of it was kept" in done.stdout
    assert not [p for p in folder.iterdir() if "copy" in p.name]


def test_several_processes_on_one_damaged_fit_all_end_well(kept):
    fit, folder = kept
    intact = shutil.copytree(folder, folder.with_name("intact")) / fit.main.key
    (folder / fit.main.key / "meta.json").write_text("{}", encoding="utf-8")
    # Four processes from one: each of them would take seconds to import the package.
    heal = (
        "import os, pathlib, sys, traceback\nfrom mmm.inference import store\n"
        "source, target = map(pathlib.Path, sys.argv[1:])\n"
        "def child():\n"
        "    found = store._found_or_made(target, '', lambda: store.load(source), print)\n"
        "    assert found.key == target.name\n"
        "started = []\n"
        "for _ in range(4):\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        code = 1\n"
        "        try:\n"
        "            child()\n"
        "            code = 0\n"
        "        except BaseException:\n"
        "            traceback.print_exc()\n"
        "        os._exit(code)\n"
        "    started.append(pid)\n"
        "print([os.waitpid(pid, 0)[1] for pid in started])\n"
    )
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", heal, str(intact), str(folder / fit.main.key)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[0, 0, 0, 0]"
    assert store.load(folder / fit.main.key).key == fit.main.key
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def test_a_failed_write_leaves_nothing(known, tmp_path, monkeypatch):
    monkeypatch.setattr(stored_module, "_hash", lambda _: object())
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


def test_chains_that_stand_still_are_stored_with_their_infinite_r_hat(kept, tmp_path):
    fit, _ = kept
    one = fit.of(fit.main)
    still = replace(one.main, converged=Convergence(float("inf"), float("nan"), 3))
    store.save(replace(one, members=(still,)), tmp_path / one.key)
    found = store.load(tmp_path / one.key).main.converged
    assert (found.r_hat, found.divergences, type(found.divergences)) == (float("inf"), 3, int)
    assert np.isnan(found.ess)
