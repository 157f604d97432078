"""Terms of the baseline that settings may name in ``model.baseline.further``: files whose RECORD gives a Term."""
