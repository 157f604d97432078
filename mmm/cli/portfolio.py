"""``mmm portfolio``: one budget split over several markets."""

from pathlib import Path

import typer

from mmm.cli.board import Board
from mmm.cli.output import plain, say, table
from mmm.cli.report import place_of
from mmm.reporting.decision import estimate
from mmm.reporting.portfolio import Split, plan_portfolio, table_by_market
from mmm.reporting.portfolio_page import write_portfolio
from mmm.settings.portfolio import load_portfolio


def show_portfolio(config: Path, out: Path, workers: int | None, dask: str | None) -> None:
    """Check the portfolio, plan every market, split the budget, print it, and write the page below ``out``.

    Raises SettingsError or DataError before anything is fitted, PlanError where a market cannot be planned.
    """
    portfolio = load_portfolio(config)
    place = place_of(workers, dask, len(portfolio.markets))
    with Board([m.settings.name for m in portfolio.markets]) as board:
        found = plan_portfolio(portfolio, place, board.heard)
    _print(found)
    for path in write_portfolio(found, out, say):
        typer.echo(plain(str(path)))


def _print(found: Split) -> None:
    money = found.portfolio.currency
    columns = ["market", f"today ({money})", f"recommended ({money})", "change", "won", "next money wins"]
    rows = [
        (
            str(name),
            f"{line['reference']:,.0f}",
            f"{line['spend']:,.0f}",
            f"{line['change']:+,.0f}",
            f"{line['won']:,.0f} ({line['won_lower']:,.0f} to {line['won_upper']:,.0f})",
            f"{line['next_money']:.2f}",
        )
        for name, line in table_by_market(found).iterrows()
    ]
    table(f"{found.total:,.0f} {money} over {len(rows)} markets", columns, rows, right=columns[1:])
    for words, draws in (
        ("against today's plans, net of money", found.net),
        ("by moving between markets", found.moved),
    ):
        gain = estimate(draws)
        chance = f"above zero {(draws > 0).mean():.0%}"
        typer.echo(f"Gain {words}: {gain.mean:+,.0f} {money} ({gain.lower:+,.0f} to {gain.upper:+,.0f}), {chance}")
