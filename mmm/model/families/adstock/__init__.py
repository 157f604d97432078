"""Carryover: how a spend is spread over the periods after it. Each file has its ``FAMILIES``."""
