"""The quadratic program of a step: against closed forms and a general solver."""

import numpy as np
import pytest
from scipy.optimize import minimize

from mmm.planning.curvature import Blocks, Dense, Diagonal
from mmm.planning.qp import Region, solve_qp


class TestQuadraticProgram:
    @pytest.mark.parametrize("seed", range(6))
    def test_agrees_with_slsqp(self, seed):
        rng = np.random.default_rng(seed)
        n, m = int(rng.integers(3, 12)), int(rng.integers(1, 4))
        root = rng.normal(size=(n, n))
        full = root @ root.T / n if seed % 2 else np.diag(rng.uniform(0.1, 2, n))
        q = Dense(full) if seed % 2 else Diagonal(np.diag(full))
        c, A, inside = rng.normal(size=n), rng.normal(size=(m, n)), rng.uniform(0.2, 0.8, n)
        region = Region(A, np.full(m, -np.inf), A @ inside + 0.05, np.zeros(n), np.ones(n))
        x = solve_qp(q, c, region)
        other = minimize(
            lambda z: 0.5 * z @ full @ z + c @ z,
            inside,
            jac=lambda z: full @ z + c,
            bounds=[(0, 1)] * n,
            constraints=[{"type": "ineq", "fun": lambda z: region.row_upper - A @ z, "jac": lambda z: -A}],
            method="SLSQP",
            options={"ftol": 1e-13, "maxiter": 1000},
        )
        assert 0.5 * x @ full @ x + c @ x == pytest.approx(other.fun, abs=1e-7)
        assert np.all(A @ x <= region.row_upper + 1e-7)

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("kind", ["cap", "floor", "exact"])
    def test_one_row_by_filling_up_equals_the_interior_point(self, seed, kind):
        rng = np.random.default_rng(seed)
        q, c, row = rng.uniform(0.1, 2, 8), rng.normal(size=8), rng.uniform(0.2, 1, 8)
        wanted = float(row.sum() * rng.uniform(0.2, 0.8))
        low = -np.inf if kind == "cap" else wanted
        high = np.inf if kind == "floor" else wanted
        one = Region(row[None], np.array([low]), np.array([high]), np.zeros(8), np.ones(8))
        # A second row that never binds sends the same problem to the interior point.
        two = Region(
            np.stack([row, np.ones(8)]), np.array([low, -np.inf]), np.array([high, 99.0]), np.zeros(8), np.ones(8)
        )
        np.testing.assert_allclose(solve_qp(Diagonal(q), c, one), solve_qp(Diagonal(q), c, two), atol=1e-5)

    def test_rows_that_leave_no_room_are_solved_all_the_same(self):
        # x1 + x2 = 1 and x1 + x2 <= 1, and x1 at least 1: only one point is left.
        region = Region(
            np.ones((2, 2)), np.array([1.0, -np.inf]), np.array([1.0, 1.0]), np.array([1.0, 0.0]), np.array([2.0, 2.0])
        )
        np.testing.assert_allclose(solve_qp(Diagonal(np.ones(2)), np.array([0.0, -3.0]), region), [1.0, 0.0], atol=1e-6)

    def test_blocks_are_the_full_matrix_they_stand_for(self):
        rng = np.random.default_rng(3)
        root = rng.normal(size=(2, 3, 3))
        values = np.einsum("bij,bkj->bik", root, root) + 0.1 * np.eye(3)
        blocks = Blocks(np.array([[0, 2, 4], [1, 3, 6]]), values, np.array([0, 0, 0, 0, 0, 1.5, 0.0]))
        full = Dense(blocks.dense())
        x, extra, several = rng.normal(size=7), rng.uniform(1, 2, 7), rng.normal(size=(7, 2))
        keep = np.array([True, True, False, True, True, True, False])
        np.testing.assert_allclose(blocks.times(x), full.times(x))
        np.testing.assert_allclose(blocks.solver(extra)(x), full.solver(extra)(x))
        np.testing.assert_allclose(blocks.padded(1, 2.0).solver(np.ones(8))(np.ones(8))[-1], 1 / 3)
        np.testing.assert_allclose(blocks.solver(extra)(several), full.solver(extra)(several))
        inner, plain = blocks.restricted(keep), full.restricted(keep)
        np.testing.assert_allclose(inner.times(x[keep]), plain.times(x[keep]))
        np.testing.assert_allclose(inner.solver(extra[keep])(x[keep]), plain.solver(extra[keep])(x[keep]))

    def test_curvature_is_made_concave(self):
        matrix = np.array([[1.0, 0.0], [0.0, -3.0]])
        np.testing.assert_allclose(Dense(matrix).concave(0.5).times(np.eye(2)[1]), [0.0, 3.0])
        np.testing.assert_allclose(Dense(matrix).concave(0.5).times(np.eye(2)[0]), [0.5, 0.0])
