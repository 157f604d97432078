"""Sampling the models of purchases and orders; compiled once for all fits of one analysis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm.arrays import Floats
from mmm.errors import DataError, FitError
from mmm.inference.convergence import Convergence, convergence
from mmm.inference.nuts import nuts, require_complete
from mmm.inference.settings import SamplerSettings
from mmm.ltv.model import (
    Cells,
    flat,
    history,
    order_model,
    purchase_model,
    purchasing,
    spending,
)
from mmm.ltv.purchases import Purchasing, Spending
from mmm.ltv.settings import LtvSettings

_FEWEST_REPEATS = 20


@dataclass(frozen=True)
class Learned:
    """Posterior draws [draw, cell] of both models, ``first`` the mean first order; how well each was sampled."""

    purchasing: Purchasing
    spending: Spending
    first: Floats
    sampled: Mapping[str, Convergence]

    @property
    def n(self) -> int:
        return len(self.first)

    def thinned(self, most: int) -> "Learned":
        """At most ``most`` draws, evenly spaced over all of them."""
        keep = np.linspace(0, self.n - 1, min(most, self.n)).round().astype(np.intp)
        parts = {name: value[keep] for name, value in vars(self.purchasing).items()}
        orders = {name: value[keep] for name, value in vars(self.spending).items()}
        return Learned(Purchasing(**parts), Spending(**orders), self.first[keep], self.sampled)


@dataclass
class Learner:
    """Fits customers of the same cells; the second fit is given other data, and compiles nothing."""

    settings: LtvSettings
    cells: Cells
    progress: bool = False
    _compiled: dict[str, Any] = field(default_factory=dict)

    def learn(self, customers: pd.DataFrame) -> Learned:
        """Fit a row a customer (:meth:`mmm.ltv.read.Customers.seen_until`).

        Raises DataError where too few bought again, FitError where the chains do not agree.
        """
        repeaters = int(((customers["x"] > 0) & (customers["mean"] > 0)).sum())
        if repeaters < _FEWEST_REPEATS:
            raise DataError(
                f"{repeaters} customers bought again until the end of what is learned from; at least "
                f"{_FEWEST_REPEATS} are needed. Give a longer time of orders, or set ltv.holdout: none."
            )
        most = self.settings.customers_fitted
        if len(customers) > most:
            customers = customers.sample(most, random_state=self.settings.seed)
        seen = history(customers, self.cells.size)
        purchases = self._sample("purchases", lambda: purchase_model(seen, self.cells), seen.purchases)
        orders = self._sample("orders", lambda: order_model(seen, self.cells), seen.orders)
        sampled = {"purchases": convergence(purchases), "orders": convergence(orders)}
        for name, found in sampled.items():
            if found.failed(self.settings.draws * self.settings.chains):
                raise FitError(
                    f"The model of {name} was not sampled well ({found.short}). Raise ltv.draws and ltv.tune (to "
                    "2000, say), or group channels and segments of few customers."
                )
        posterior = orders["posterior"].to_dataset()
        bought = purchases["posterior"].to_dataset()
        return Learned(purchasing(bought), spending(posterior), flat(posterior["first"]), sampled)

    def _sample(self, name: str, model: Callable[[], Any], data: Mapping[str, np.ndarray]) -> xr.DataTree:
        import nutpie

        if name not in self._compiled:
            self._compiled[name] = nutpie.compile_pymc_model(model(), freeze_model=False)
        chosen = self.settings
        sampler = SamplerSettings(
            draws=chosen.draws, tune=chosen.tune, chains=chosen.chains, seed=chosen.seed, target_accept=0.95
        )
        tree = nuts(self._compiled[name].with_data(**data), sampler, progress=self.progress)
        return require_complete(tree, chosen.chains, chosen.draws)
