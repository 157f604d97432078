"""``mmm portfolio``: one budget split over several markets."""

from pathlib import Path

import typer

from mmm.cli.board import Board
from mmm.cli.output import plain, say, table
from mmm.cli.report import place_of
from mmm.planning.result import chance
from mmm.reporting.notation.estimate import Estimate, estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.runs.inputs import check_files
from mmm.reporting.runs.portfolio_page import PortfolioStory, write_portfolio
from mmm.settings.portfolio import load_portfolio
from mmm.settings.request import budget_of, markets_of
from mmm.workflow.portfolio import Split, shared_out, table_by_market


def show_portfolio(config: Path, out: Path, workers: int | None, dask: str | None) -> None:
    """Check the portfolio, plan every market, split the budget, print it, and write the page below ``out``.

    Raises SettingsError or DataError before anything is fitted, PlanError where a market cannot be planned.
    """
    portfolio = load_portfolio(config)
    check_files(portfolio.settings.report, portfolio.settings.base)
    place = place_of(workers, dask, len(portfolio.markets))
    with Board([m.settings.name for m in portfolio.markets]) as board:
        found = shared_out(markets_of(portfolio), budget_of(portfolio), place, board.heard)
    _print(portfolio.currency, found)
    for path in write_portfolio(PortfolioStory(portfolio, found), out, say):
        typer.echo(plain(str(path)))


def _print(currency: str, found: Split) -> None:
    fmt = Formatter(currency, currency, money_outcome=True)
    columns = ["market", "today", "recommended", "change", "won", "next money wins"]
    rows = [
        (
            str(name),
            fmt.exact(line["reference"]),
            fmt.exact(line["spend"]),
            fmt.exact(line["change"], sign=True),
            _with_ends(Estimate(line["won"], line["won_lower"], line["won_upper"]), fmt),
            fmt.returned(line["next_money"]),
        )
        for name, line in table_by_market(found).iterrows()
    ]
    table(f"{fmt.exact(found.total)} over {len(rows)} markets", columns, rows, right=columns[1:])
    for words, draws in (
        ("against today's plans" + (", net of money" if found.profit else ""), found.net),
        ("by moving between markets", found.moved),
    ):
        likely = f"above zero {chance(float((draws > 0).mean()))}"
        typer.echo(plain(f"Gain {words}: {_with_ends(estimate(draws), fmt, sign=True)}, {likely}"))


def _with_ends(value: Estimate, fmt: Formatter, *, sign: bool = False) -> str:
    return f"{fmt.money(value, short=True, sign=sign)} ({fmt.money_range(value, short=True)})"
