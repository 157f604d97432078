"""Campaigns inside channels: a channel's effect shared among them by a stated rule, what each costs, what to move."""

from mmm.campaigns.efficiency import Efficiency, efficiency
from mmm.campaigns.read import Campaigns, read_campaigns
from mmm.campaigns.settings import CampaignSettings
from mmm.campaigns.templates import TEMPLATES, Template, moves

__all__ = [
    "TEMPLATES",
    "CampaignSettings",
    "Campaigns",
    "Efficiency",
    "Template",
    "efficiency",
    "moves",
    "read_campaigns",
]
