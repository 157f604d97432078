"""Worlds with known truth, made with NumPy alone: the independent oracle of tests and studies."""

from mmm.simulate.cohorts import Cohorts, CustomerTruth, shop, simulate_orders, true_value, write_cohorts
from mmm.simulate.demo import demo_frame, demo_world
from mmm.simulate.experiments import experiments_frame, money_at_stake, true_effect, with_hold_outs
from mmm.simulate.funnel import (
    Funnel,
    FunnelTruth,
    Mediator,
    Reaches,
    SimulatedFunnel,
    funnel_sections,
    funnel_world,
    simulate_funnel,
)
from mmm.simulate.generate import Simulated, simulate
from mmm.simulate.library import library, library_names, library_world
from mmm.simulate.oracle import Allocation, Budget, best_allocation, spend_profile
from mmm.simulate.prior import WorldPriors, random_world
from mmm.simulate.shops import Shop, daily_shop, reached_shop
from mmm.simulate.treatments import treatments_world
from mmm.simulate.truth import Truth
from mmm.simulate.world import (
    Adstock,
    Baseline,
    Channel,
    Control,
    EffectPath,
    Fee,
    Flighting,
    LiftTest,
    MediaUnit,
    Noise,
    Saturation,
    Synergy,
    World,
)
from mmm.simulate.write import contributions_frame, data_settings, truth_document, write_world

__all__ = [
    "Adstock",
    "Allocation",
    "Baseline",
    "Budget",
    "Channel",
    "Cohorts",
    "Control",
    "CustomerTruth",
    "EffectPath",
    "Fee",
    "Flighting",
    "Funnel",
    "FunnelTruth",
    "LiftTest",
    "MediaUnit",
    "Mediator",
    "Noise",
    "Reaches",
    "Saturation",
    "Shop",
    "Simulated",
    "SimulatedFunnel",
    "Synergy",
    "Truth",
    "World",
    "WorldPriors",
    "best_allocation",
    "contributions_frame",
    "daily_shop",
    "data_settings",
    "demo_frame",
    "demo_world",
    "experiments_frame",
    "funnel_sections",
    "funnel_world",
    "library",
    "library_names",
    "library_world",
    "money_at_stake",
    "random_world",
    "reached_shop",
    "shop",
    "simulate",
    "simulate_funnel",
    "simulate_orders",
    "spend_profile",
    "treatments_world",
    "true_effect",
    "true_value",
    "truth_document",
    "with_hold_outs",
    "write_cohorts",
    "write_world",
]
