"""What a customer's rates imply: expected purchases, whether one is still a customer, and what an order is worth.

BG/NBD (Fader, Hardie and Lee 2005, "Counting your customers the easy way"): while a customer, one purchases at rate
lambda ~ Gamma(r, alpha); after every purchase one leaves with probability p ~ Beta(a, b). Times are in weeks.
Gamma-gamma (Fader and Hardie 2013, "The gamma-gamma model of monetary value"): an order of a customer is
Gamma(p, nu), nu ~ Gamma(q, gamma), whatever the rate of purchases.

Given the history (x repeat purchases, the last after t_x weeks, seen for T weeks), one who is still a customer has
lambda ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x), independent of each other. So the future of any customer is
that of a new one with other parameters, times the chance of still being one.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import roots_jacobi

from mmm.arrays import Floats

_NODES = 48
"""Of the quadrature over p: eleven digits at t = 30 alpha, five at t = 1,000 alpha."""


@dataclass(frozen=True)
class Purchasing:
    """Draws of the four parameters, arrays of one shape: rate (r, alpha in weeks) and dropout (a, b)."""

    r: Floats
    alpha: Floats
    a: Floats
    b: Floats

    def given(self, x: Floats, weeks: Floats) -> "Purchasing":
        """Parameters of those with ``x`` repeat purchases in ``weeks`` who are still customers; shapes broadcast."""
        return Purchasing(*np.broadcast_arrays(self.r + x, self.alpha + weeks, self.a, self.b + x))

    def alive(self, x: Floats, last: Floats, weeks: Floats) -> Floats:
        """Chance of still being a customer after ``weeks`` with ``x`` repeat purchases, the last after ``last`` weeks.

        1 without a repeat purchase: in this model nobody leaves before one.
        """
        with np.errstate(divide="ignore", over="ignore"):
            log_odds = np.log(self.a) - np.log(np.maximum(self.b + x - 1, 1e-12))
            log_odds = log_odds + (self.r + x) * np.log((self.alpha + weeks) / (self.alpha + last))
            return np.where(x > 0, 1.0 / (1.0 + np.exp(log_odds)), 1.0)

    def expected(self, times: Floats) -> Floats:
        """Expected purchases of a new customer, after the first, until each of ``times`` [t]; the draws' shape + [t].

        E[X(t)] = E_p[(1 - (1 + p t / alpha)^-r) / p]: given p and lambda it is (1 - exp(-lambda p t)) / p, and lambda
        is integrated out exactly. The integrand is smooth in p, so that Gauss-Jacobi quadrature under p's own density
        replaces the hypergeometric function, whose usual form fails where a is near 1.
        """
        flat = [np.ravel(part) for part in np.broadcast_arrays(self.r, self.alpha, self.a, self.b)]
        out = np.empty((flat[0].size, len(times)))
        for i, (r, alpha, a, b) in enumerate(zip(*flat, strict=True)):
            nodes, weights = roots_jacobi(_NODES, b - 1.0, a - 1.0)
            chance = (nodes + 1.0) / 2.0
            left = -np.expm1(-r * np.log1p(np.outer(times, chance) / alpha)) / chance
            out[i] = left @ (weights / weights.sum())
        return out.reshape(*np.shape(self.r), len(times))


@dataclass(frozen=True)
class Spending:
    """Draws of the gamma-gamma parameters, arrays of one shape; ``q`` is above 1, so that the mean exists."""

    p: Floats
    q: Floats
    gamma: Floats

    @property
    def mean(self) -> Floats:
        """Mean order of a new customer."""
        return self.p * self.gamma / (self.q - 1.0)

    def given(self, x: Floats, mean: Floats) -> "Spending":
        """Those whose ``x`` orders had this ``mean``: nu ~ Gamma(q + p x, gamma + x mean)."""
        return Spending(self.p, self.q + self.p * x, self.gamma + x * mean)
