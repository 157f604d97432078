"""Attribution: who gets the credit in journeys of persons. It describes journeys; it does not say what money causes."""

from mmm.attribution.credit import Attribution, attribute
from mmm.attribution.settings import AttributionSettings

__all__ = ["Attribution", "AttributionSettings", "attribute"]
