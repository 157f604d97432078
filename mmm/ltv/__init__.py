"""Customer value: what the customers whom channels bring will spend, with its uncertainty, beside the model."""

from mmm.ltv.settings import LtvSettings
from mmm.ltv.study import CustomerValue, value_customers

__all__ = ["CustomerValue", "LtvSettings", "value_customers"]
