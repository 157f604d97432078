"""The settings of the simulated e-mail programme, which ``mmm simulate --world email`` writes beside its data."""

from typing import Any

_MONTHS = (19, 18, 19, 19, 20, 19, 18, 18, 19, 20, 23, 25)
"""E-mails of twelve months, in hundreds of thousands."""


def programme_settings(data: dict[str, Any]) -> dict[str, Any]:
    """Every lens on the programme's files; ``data`` is the section of its panel."""
    orders = {"source": "orders.csv", "person": "customer_id", "time": "date", "value": "value", "id": "order_id"}
    return {
        "name": "email",
        "title": "An e-mail programme",
        "data": data,
        "costs": _costs(),
        "campaigns": _campaigns(),
        "ltv": {
            "transactions": {**orders, "channel": "channel"},
            "margin": 0.4,
            "acquisition_cost": {"search": 18, "social": 15, "email": 5},
        },
        "attribution": {
            "touches": {"source": "touches.csv", "person": "person", "time": "time", "channel": "channel"},
            "conversions": orders,
            "kinds": {"search": "captures_demand", "social": "view_through"},
        },
        "plan": {"horizon": "13 weeks", "margin": 0.4, "vendors": {"email": "sendwell"}},
    }


def _costs() -> dict[str, Any]:
    def rule(name: str, account: str, category: str, channel: str = "email") -> dict[str, Any]:
        return {"name": name, "where": {"category": [account]}, "category": category, "channel": channel}

    shared = {"name": "analytics", "where": {"category": ["analytics"]}, "category": "technology"}
    return {
        "ledger": {
            "source": "ledger.csv",
            "category": "account",
            "vendor": "vendor",
            "channel": "channel",
            "id": "invoice",
        },
        "rules": [
            rule("media", "media", "working_media", "own"),
            rule("platform", "mailing platform", "working_media"),
            rule("content", "copy and design", "content"),
            rule("lists", "address checks", "list"),
            rule("tests", "split tests", "testing"),
            rule("team", "e-mail team", "people"),
            {**shared, "share": {"by": "spend"}},
        ],
        "vendors": {
            "sendwell": {
                "unit": "emails",
                "fixed": 90,
                "tiers": [{"to": 1_000_000, "price": 0.0024}, {"price": 0.0017}],
                "features": ["automation", "split tests"],
            },
            "postline": {
                "unit": "emails",
                "kind": "all_units",
                "fixed": 150,
                "tiers": [{"to": 999_999, "price": 0.0022}, {"to": 1_999_999, "price": 0.0016}, {"price": 0.0013}],
                "minimum": 1500,
                "features": ["automation", "split tests"],
                "switching": 2500,
            },
            "bulk": {"unit": "emails", "tiers": [{"price": 0.0011}], "minimum": 800},
        },
        "usage": {
            "programme": {
                "unit": "emails",
                "current": "sendwell",
                "volumes": [100_000 * month for month in _MONTHS],
                "spread": 0.15,
                "features": ["automation"],
            }
        },
    }


def _campaigns() -> dict[str, Any]:
    return {
        "source": "campaigns.csv",
        "date": "week",
        "channel": "channel",
        "campaign": "campaign",
        "category": "type",
        "platform": "platform",
        "spend": "platform_cost",
        "costs": {"content": "content_cost", "lists": "list_cost", "people": "people_cost", "tests": "testing_cost"},
        "keys": {"orders": "orders", "clicks": "clicks", "e-mails": "emails"},
        "rule": "orders",
        "purposes": {
            "welcome": "acquisition",
            "win-back": "acquisition",
            "newsletter": "retention",
            "promotion": "retention",
            "magazine": "content",
        },
    }
