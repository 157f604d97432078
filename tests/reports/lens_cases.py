"""Small tables of every lens beside the model, on the channels tv, search and display."""

from pathlib import Path
from typing import Any

from mmm.simulate.cohorts import Cohorts, CustomerTruth, simulate_orders

TIERS = {"unit": "units", "features": ["automation"], "tiers": [{"to": 9_999, "price": 0.01}, {"price": 0.008}]}
COSTS = {
    "ledger": {"source": "ledger.csv", "category": "account", "channel": "channel"},
    "rules": [
        {"name": "media", "where": {"category": ["media"]}, "category": "working_media", "channel": "own"},
        {"name": "tools", "where": {"category": ["tools"]}, "category": "technology", "channel": "search"},
    ],
    "vendors": {
        "sendwell": TIERS,
        "postline": {**TIERS, "fixed": 5, "switching": 40},
        "bulk": {**TIERS, "features": []},
    },
    "usage": {
        "news": {
            "unit": "units",
            "current": "sendwell",
            "volumes": [9_000, 12_000],
            "spread": 0.2,
            "features": ["automation"],
        }
    },
}
LEDGER = (
    "date,amount,account,channel\n2022-01-31,3000.00,media,search\n2022-01-31,9000.00,media,tv\n"
    "2022-02-28,6000.01,tools,\n2022-02-28,500.00,rent,\n"
)
PATHS = (
    "path,conversions,value,nulls\nsearch,300,9000,500\ntv > search,60,1800,200\ndisplay,20,500,300\n"
    "display > search,40,1000,100\n"
)
JOURNEYS = {
    "paths": {"source": "paths.csv", "path": "path", "conversions": "conversions", "value": "value", "nulls": "nulls"},
    "kinds": {"search": "captures_demand", "tv": "offline"},
}


CAMPAIGNS = (
    "date,channel,campaign,type,spend,content,orders\n"
    "2022-01-03,search,brand,names,400.00,10,90\n2022-01-03,search,shoes,goods,600.00,200,40\n"
    "2022-01-10,search,brand,names,500.00,10,80\n2022-01-10,search,shoes,goods,700.00,200,45\n"
    "2022-01-03,tv,spring,goods,900.00,500,20\n"
)
INSIDE = {
    "source": "campaigns.csv",
    "category": "type",
    "costs": {"content": "content"},
    "keys": {"orders": "orders"},
    "rule": "orders",
    "purposes": {"names": "retention", "goods": "acquisition"},
}
ORDERS = {"source": "orders.csv", "person": "customer_id", "time": "date", "value": "value", "id": "order_id"}
SECTIONS: dict[str, Any] = {
    "costs": COSTS,
    "campaigns": INSIDE,
    "ltv": {
        "transactions": {**ORDERS, "channel": "channel"},
        "margin": 0.4,
        "acquisition_cost": {"tv": 30, "search": 10},
        "horizons": ["26 weeks", "52 weeks"],
    },
    "attribution": JOURNEYS,
}


def write(base: Path) -> None:
    """All files that the sections name."""
    for name, text in (("ledger", LEDGER), ("paths", PATHS), ("campaigns", CAMPAIGNS)):
        (base / f"{name}.csv").write_text(text, encoding="utf-8")
    customers = {
        "search": CustomerTruth(300, rate=0.1, r=0.9, a=0.6, b=3.0, p=6.0, q=4.0, gamma=18.0),
        "tv": CustomerTruth(200, rate=0.08, r=0.8, a=0.7, b=2.6, p=6.0, q=4.0, gamma=24.0),
    }
    simulate_orders(Cohorts(customers), 4).to_csv(base / "orders.csv", index=False)
