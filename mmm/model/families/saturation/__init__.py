"""Saturation: diminishing returns within a period. Each file has its ``FAMILIES``."""
