"""The fast engine: the same posterior as the plain PyMC model, from compiled kernels that serve every model.

``sample`` is its entry, ``preview`` gives a Laplace approximation and ``log_posterior`` the density itself.
docs/engine.md has the mathematics.
"""

from mmm.inference.engine.prior_draws import prior
from mmm.inference.engine.problem import Problem, log_posterior
from mmm.inference.engine.run import preview, sample

__all__ = ["Problem", "log_posterior", "preview", "prior", "sample"]
