"""Costs: what a channel costs with everything that belongs to it, and what vendors would charge. Beside the model."""

from mmm.costs.ledger import Ledger, read_ledger
from mmm.costs.loaded import Loaded, load_costs
from mmm.costs.returns import loaded_returns
from mmm.costs.schedule import Schedule, schedule_of
from mmm.costs.settings import CostsSettings, VendorSettings
from mmm.costs.vendors import compare

__all__ = [
    "CostsSettings",
    "Ledger",
    "Loaded",
    "Schedule",
    "VendorSettings",
    "compare",
    "load_costs",
    "loaded_returns",
    "read_ledger",
    "schedule_of",
]
