"""The study of the sampling benchmark from its cells: JSON, figure, and the tables inside docs/studies/sampling.md."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

NAMES = {
    "workbench": "workbench",
    "pymc-marketing": "PyMC-Marketing, nutpie",
    "pymc-marketing-pymc": "PyMC-Marketing, PyMC's NUTS",
    "pymc-marketing-pooled": "PyMC-Marketing, pooled",
    "pymc-marketing-published": "PyMC-Marketing, published model",
    "meridian": "Meridian",
    "meridian-published": "Meridian, published model",
}
CONVERGED = 1.01
_BEGIN, _END = "<!-- tables: written by benchmarks/sampling.py --report -->", "<!-- end of tables -->"


def row(cell: dict[str, Any]) -> dict[str, Any]:
    """What the tables say of one cell; warm figures where the cell has them."""
    data, method, seed = cell["cell"].split("/")
    out: dict[str, Any] = {"data": data, "method": method, "seed": int(seed), "code": cell["code"]}
    out |= {"when": cell["when"], "load": round(cell["load"], 1), "status": cell["status"]}
    out |= {"wall": round(cell["wall"], 1), "cpu": round(cell["cpu"], 1), "peak_mb": round(cell["peak"] / 1e6)}
    if "gradient_cpu" in cell:
        return out | {f"gradient_{c}": round(1e6 * cell[f"gradient_{c}"], 2) for c in ("wall", "cpu")}
    if cell["status"] != "done":
        return out
    first, again = cell["fit"], cell.get("again")
    ours = cell["library"] == "workbench"
    measured = again if ours and again else first
    out |= {k: cell[k] for k in ("ess", "ess_of", "rhat", "rhat_all", "srmse", "judged")}
    out |= {"divergences": first["divergences"], "gradients": first["gradients"], "cold": bool(cell["cold_caches"])}
    for clock in ("wall", "cpu"):
        fit = measured[f"fit_{clock}"]
        if again and not ours:
            fit += again[clock]["compile"] - first[clock]["compile"]
        out |= {f"sample_{clock}": measured[clock]["sample"], f"fit_{clock}": fit}
        if cell["cold_caches"]:
            out[f"cold_{clock}"] = first[f"fit_{clock}"]
    return out


def _by(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in rows:
        found[one["data"], one["method"]].append(one)
    return found


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.1f}"


def _median(rows: list[dict[str, Any]], key: str) -> str:
    values = [r[key] for r in rows if r.get(key) is not None]
    return _number(float(np.median(values))) if values else "-"


def _pair(rows: list[dict[str, Any]], key: str) -> str:
    return f"{_median(rows, f'{key}_wall')} / {_median(rows, f'{key}_cpu')}"


def fits_table(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| data | library | seeds | R-hat | divergent | ESS | sampling | ESS / s | whole fit | cold | MB | sRMSE |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (data, method), found in _by(rows).items():
        if method not in NAMES:
            continue
        done = [r for r in found if r["status"] == "done"]
        for stopped in [r for r in found if r["status"] != "done"]:
            words = f"{stopped['status']} after {stopped['wall']:.0f} / {stopped['cpu']:.0f} s"
            lines.append(f"| {data} | {NAMES[method]} | {stopped['seed']} | {words} | | | | | | | "
                         f"{stopped['peak_mb']} | |")  # fmt: skip
        if not done:
            continue
        for r in done:
            r |= {f"rate_{c}": r["ess"] / r[f"sample_{c}"] for c in ("wall", "cpu")}
        worst = max(r["rhat"] for r in done)
        mark = "" if worst <= CONVERGED else " (not converged)"
        lines.append(
            f"| {data} | {NAMES[method]} | {len(done)} | {worst:.3f}{mark} | {sum(r['divergences'] for r in done)} | "
            f"{_median(done, 'ess')} | {_pair(done, 'sample')} | {_pair(done, 'rate')} | {_pair(done, 'fit')} | "
            f"{_pair(done, 'cold')} | {_median(done, 'peak_mb')} | {_median(done, 'srmse')} |"
        )
    return lines


def _ratios(own: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Ours over theirs, by seed, of ESS per second; a fit that has not converged gives none."""
    mine = {r["seed"]: r for r in own if r["status"] == "done"}
    out: dict[str, list[float]] = defaultdict(list)
    for r in theirs:
        if r["status"] != "done" or r["rhat"] > CONVERGED or r["seed"] not in mine:
            continue
        m = mine[r["seed"]]
        for part in ("sample", "fit", "cold"):
            for clock in ("wall", "cpu"):
                key = f"{part}_{clock}"
                if key in m and key in r:
                    out[key].append((m["ess"] / m[key]) / (r["ess"] / r[key]))
        out["memory"].append(m["peak_mb"] / r["peak_mb"])
        out["srmse"].append(m["srmse"] / r["srmse"])
    return out


def ratios_table(rows: list[dict[str, Any]]) -> tuple[list[str], dict[str, dict[str, list[float]]]]:
    parts = ("sample_wall", "sample_cpu", "fit_wall", "fit_cpu", "cold_cpu", "memory")
    lines = [
        "| data | against | pairs | sampling wall | sampling CPU | fit wall | fit CPU | cold CPU | memory |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    by, every = _by(rows), {}
    for (data, method), theirs in by.items():
        if method not in NAMES or method == "workbench" or (data, "workbench") not in by:
            continue
        found = _ratios(by[data, "workbench"], theirs)
        every[f"{data}/{method}"] = {k: [round(x, 3) for x in v] for k, v in found.items()}
        if not found:
            longest = max(theirs, key=lambda r: r["wall"])
            why = "not converged" if longest["status"] == "done" else "stopped"
            lines.append(f"| {data} | {NAMES[method]} | 0 | no ratio: {why} after {longest['wall']:.0f} s | | | | | |")
            continue
        cells = []
        for part in parts:
            values = found.get(part, [])
            spread = f" ({_number(min(values))} to {_number(max(values))})" if len(values) > 1 else ""
            cells.append(f"{_number(float(np.median(values)))}{spread}" if values else "-")
        lines.append(f"| {data} | {NAMES[method]} | {len(found['memory'])} | {' | '.join(cells)} |")
    return lines, every


def gradients_table(rows: list[dict[str, Any]]) -> list[str]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for r in rows:
        if "gradient_cpu" in r:
            found[r["data"]][r["method"].removesuffix("-gradient")] = r["gradient_cpu"]
    libraries = ("workbench", "pymc-marketing", "meridian")
    lines = ["| data | workbench, us | PyMC-Marketing, us | Meridian, us | ratios |", "|---|---|---|---|---|"]
    for data, values in found.items():
        own = values.get("workbench")
        ratios = [_number(values[m] / own) for m in libraries[1:] if own and m in values]
        cells = " | ".join(_number(values[m]) if m in values else "-" for m in libraries)
        lines.append(f"| {data} | {cells} | {', '.join(ratios)} |")
    return lines


def figure(rows: list[dict[str, Any]], path: Path) -> None:
    """Effective draws per CPU second and time per gradient, by data set and library."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "sampling"
    colours = {"workbench": "#1f6f8b", "pymc-marketing": "#c8553d", "meridian": "#8f8f3a"}
    shown, axes = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    by = _by(rows)
    for axis, title, key, suffix in (
        (axes[0], "Effective draws per CPU second of sampling", "rate_cpu", ""),
        (axes[1], "CPU microseconds per gradient", "gradient_cpu", "-gradient"),
    ):
        sets = list(dict.fromkeys(d for d, m in by if m.removesuffix(suffix) in colours and m.endswith(suffix)))
        for i, library in enumerate(colours):
            at, height, open_ = [], [], []
            for x, data in enumerate(sets):
                found = [r for r in by.get((data, f"{library}{suffix}"), []) if key in r]
                if found:
                    at.append(x + 0.27 * (i - 1))
                    height.append(float(np.median([r[key] for r in found])))
                    open_.append(max(r.get("rhat", 1.0) for r in found) > CONVERGED)
            bars = axis.bar(at, height, 0.25, color=colours[library], label=NAMES[library])
            for bar, hollow in zip(bars, open_, strict=True):
                if hollow:
                    bar.set(facecolor="none", edgecolor=colours[library], hatch="//")
        axis.set_yscale("log")
        axis.set_xticks(range(len(sets)), sets)
        axis.set_title(title, fontsize=10)
        axis.grid(axis="y", alpha=0.3)
    axes[0].legend(frameon=False, fontsize=8)
    shown.savefig(path, metadata={"Date": None})
    plt.close(shown)


def write(cells: list[dict[str, Any]], out: Path) -> None:
    """Write ``out`` (JSON), its figure beside it, and the tables of the page of the same name."""
    rows = [row(cell) for cell in cells if cell["status"] != "failed"]
    fits = fits_table(rows)
    ratios, every = ratios_table(rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"cells": rows, "ratios": every}, indent=1) + "\n")
    figure(rows, out.with_suffix(".svg"))
    page = out.with_suffix(".md")
    if not page.exists():
        return
    before, rest = page.read_text().split(_BEGIN)
    after = rest.split(_END)[1]
    text = [
        "Medians over seeds; seconds, and ESS per second of sampling, are wall / CPU. ESS is the smallest.",
        "",
        *fits,
        "",
        "### Ratios",
        "",
    ]
    text += ["Ours over theirs (memory: ours as a share of theirs).", "", *ratios]
    text += ["", "### CPU time per gradient", "", *gradients_table(rows)]
    page.write_text(f"{before}{_BEGIN}\n\n" + "\n".join(text) + f"\n\n{_END}{after}")
