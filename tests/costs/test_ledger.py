"""Every cent of the ledger is somewhere, once; what is wrong with lines is said with them."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from typer.testing import CliRunner

from mmm.cli import app
from mmm.costs import CostsSettings, load_costs
from mmm.costs.loaded import divide
from mmm.data.settings import DataSettings
from mmm.errors import DataError

DATA = {
    "source": "demo",
    "date": "date",
    "geo": "geo",
    "target": {"column": "revenue", "kind": "revenue"},
    "currency": "EUR",
    "channels": {"search": "search_spend", "tv": "tv_spend"},
}
LINES = [
    ("2024-01-05", "300.00", "EUR", "media", "Gogle", "SEA", "a1"),
    ("2024-01-05", "100.00", "EUR", "media", "Channel 9", "tv", "a2"),
    ("2024-01-31", "10.01", "EUR", "software", "Insight", "", "a3"),
    ("2024-02-01", "0.03", "EUR", "salaries", "", "", "a4"),
    ("2024-02-02", "-50.00", "EUR", "media", "Gogle", "SEA", "a5"),
    ("2024-02-03", "7.77", "EUR", "rent", "", "", "a6"),
    ("2024-03-01", "20.00", "EUR", "software", "Insight", "", "a7"),
]
COLUMNS = ["day", "net", "money", "account", "vendor", "channel", "id"]
RULES = [
    {"name": "media", "where": {"category": ["media"]}, "category": "working_media", "channel": "own"},
    {"name": "tools", "where": {"vendor": ["Insight"]}, "category": "technology", "share": {"by": "spend"}},
    {
        "name": "team",
        "where": {"category": ["salaries"]},
        "category": "people",
        "share": {"by": "shares", "shares": {"search": 0.5, "email": 0.5}},
    },
]
LEDGER = {"source": "ledger.csv", "date": "day", "amount": "net", "category": "account", "currency": "money"} | {
    "vendor": "vendor",
    "channel": "channel",
    "id": "id",
    "end": "2024-02-29",
}
COSTS = {"ledger": LEDGER, "rules": RULES, "channels": {"SEA": "search"}, "beside": ["email"]}


def loaded(folder, lines=LINES, ledger=None, **changes):
    pd.DataFrame(lines, columns=COLUMNS).to_csv(folder / "ledger.csv", index=False)
    document = COSTS | {"ledger": {k: v for k, v in (LEDGER | (ledger or {})).items() if v is not None}} | changes
    return load_costs(CostsSettings.model_validate(document), DataSettings.model_validate(DATA), folder)


def edited(row, **cells):
    lines = [list(line) for line in LINES]
    for column, cell in cells.items():
        lines[row][COLUMNS.index(column)] = cell
    return lines


def test_costs_by_channel_and_category_and_their_reconciliation(tmp_path):
    found = loaded(tmp_path)
    cents = found.cents
    # The credit note lowers search's media; tools are shared 250 : 100.
    assert cents["working_media"].to_dict() == {"email": 0, "search": 25000, "tv": 10000}
    assert cents["technology"].to_dict() == {"email": 0, "search": 715, "tv": 286}
    assert cents["people"].to_dict() == {"email": 1, "search": 2, "tv": 0}
    assert found.reconciliation() == [
        ("ledger", 7, Decimal("387.81")),
        ("borne by one channel", 3, Decimal("350.00")),
        ("shared between channels", 2, Decimal("10.04")),
        ("mapped by no rule", 1, Decimal("7.77")),
        ("outside the days that count", 1, Decimal("20.00")),
    ]
    assert found.unmapped["where"].tolist() == ["line 7"]
    media, whole = found.costs(["tv", "search", "radio"])
    assert media.tolist() == [100.0, 250.0, 0.0]
    assert whole[0] == pytest.approx(102.86)


def test_rounding_does_not_add_up_over_many_lines(tmp_path):
    lines = [LINES[0], *(("2024-02-01", "0.01", "EUR", "salaries", "", "", f"s{i}") for i in range(1000))]
    found = loaded(tmp_path, lines)
    assert found.cents["people"].to_dict() == {"email": 500, "search": 500}
    assert (found.parts.groupby("where")["cents"].sum().drop("line 2") == 1).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 9)), min_size=1, max_size=6).filter(
        lambda w: any(n for n, _ in w)
    ),
)
def test_parts_add_up_and_are_within_a_cent_of_their_share(cents, weights):
    keys = {f"c{i}": Fraction(*weight) for i, weight in enumerate(weights)}
    parts = divide(cents, keys)
    assert sum(parts.values()) == cents
    total = sum(keys.values())
    assert all(abs(parts[name] - cents * weight / total) < 1 for name, weight in keys.items())
    assert all(parts[name] == 0 for name, weight in keys.items() if weight == 0)


MONEY = st.integers(-(10**4), 10**9).map(lambda cents: str(Decimal(cents).scaleb(-2)))
ANY_LINES = st.lists(
    st.tuples(
        st.sampled_from(["2024-01-05", "2024-02-29", "2024-03-01"]), MONEY,
        st.sampled_from(["media", "software", "salaries", "rent"]), st.sampled_from(["SEA", "tv"]),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(ANY_LINES)
def test_mapped_and_unmapped_are_the_ledger_to_the_cent(lines):
    """Whatever the lines: each is somewhere once, or refused with its reason; shares and remainders add up."""
    rows = [
        (day, net, "EUR", account, "Insight" if account == "software" else "Gogle", channel, f"i{number}")
        for number, (day, net, account, channel) in enumerate(lines)
    ]
    with TemporaryDirectory() as folder:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(Path(folder) / "ledger.csv", index=False)
        document = CostsSettings.model_validate(COSTS)
        try:
            found = load_costs(document, DataSettings.model_validate(DATA), Path(folder))
        except DataError as error:
            said = str(error)
            found = None
    if found is None:
        assert "Credit notes exceed" in said or "its channels have none" in said
        return
    whole = sum(int(Decimal(line[1]).scaleb(2)) for line in lines)
    mapped, unmapped = int(found.parts["cents"].sum()), int(found.unmapped["cents"].sum())
    outside = int(found.ledger.outside["cents"].sum())
    assert mapped + unmapped + outside == whole
    assert int(found.cents.to_numpy().sum()) == mapped
    table = found.reconciliation()
    assert table[0][2] == sum(part for _, _, part in table[1:]) == Decimal(whole).scaleb(-2)
    assert table[0][1] == sum(count for _, count, _ in table[1:]) == len(lines)


def test_sharing_by_volume(tmp_path):
    rule = RULES[1] | {"share": {"by": "volume"}}
    found = loaded(tmp_path, rules=[RULES[0], rule], volumes={"search": 1, "email": 2})
    assert found.cents["technology"].to_dict() == {"email": 667, "search": 334, "tv": 0}
    with pytest.raises(ValidationError, match="volumes lacks tv"):
        loaded(tmp_path, rules=[RULES[1] | {"share": {"by": "volume", "channels": ["tv"]}}], volumes={"search": 1})


@pytest.mark.parametrize(
    ("lines", "ledger", "said"),
    [
        (edited(1, money="USD"), {}, r"names USD in 1 lines[\s\S]*line 3: USD"),
        (edited(1, money=""), {}, r"'money' is empty in 1 rows[\s\S]*line 3"),
        (edited(1, net="100.001"), {}, r"finer than 0\.01 EUR[\s\S]*line 3: 100\.001"),
        (edited(1, net="much"), {}, r"no numbers[\s\S]*line 3: 'much'"),
        (edited(1, net=""), {}, r"'net' is empty in 1 rows[\s\S]*line 3"),
        (edited(1, net="$100.00"), {}, r"several currencies|is in '\$'"),
        (edited(1, account=""), {}, r"'account' is empty in 1 rows[\s\S]*line 3"),
        (edited(1, day="soon"), {}, r"are no dates[\s\S]*line 3"),
        (edited(1, id="a1"), {}, r"have the id of an earlier one[\s\S]*line 3: a1"),
        (edited(1, channel=""), {}, r"name no channel, but rule 'media'[\s\S]*line 3"),
        (edited(1, channel="TV"), {}, r"neither in data\.channels nor in costs\.beside[\s\S]*line 3: TV"),
        (edited(4, net="-350.00"), {}, r"Credit notes exceed[\s\S]*search, working_media: -50\.00 EUR"),
        (LINES, {"credit_notes": "refuse"}, r"1 negative amounts[\s\S]*line 6: -50"),
        (LINES, {"amount": "gross"}, r"Column 'gross' \(costs\.ledger\.amount\) is not there"),
        (edited(1, account="software", vendor="Insight", net="-400"), {"id": None}, r"Credit notes exceed"),
    ],
)
def test_wrong_lines_are_named(tmp_path, lines, ledger, said):
    with pytest.raises(DataError, match=said):
        loaded(tmp_path, lines, ledger)


def test_lines_that_two_rules_take(tmp_path):
    both = {"name": "all of Gogle", "where": {"vendor": ["Gogle"]}, "category": "testing", "channel": "search"}
    with pytest.raises(DataError, match=r"2 lines are taken by more than one[\s\S]*line 2: 'media' and 'all of Gogle'"):
        loaded(tmp_path, rules=[*RULES, both])


def test_a_key_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="'tools' shares by spend, but its channels have none"):
        loaded(tmp_path, rules=RULES[1:])


def test_amounts_are_exact_whatever_the_file_holds(tmp_path):
    # Sums in binary leave residue in Parquet; a decimal comma is told by costs.ledger.csv.
    frame = pd.DataFrame(LINES[:2], columns=COLUMNS).assign(net=[0.1 + 0.2, 1234567.89])
    frame.to_parquet(tmp_path / "ledger.parquet")
    document = COSTS | {"ledger": LEDGER | {"source": "ledger.parquet"}}
    data = DataSettings.model_validate(DATA)
    found = load_costs(CostsSettings.model_validate(document), data, tmp_path)
    assert found.parts["cents"].tolist() == [30, 123456789]
    comma = [(*line[:1], line[1].replace(".", ","), *line[2:]) for line in LINES]
    with pytest.raises(DataError, match=r"Set costs\.ledger\.csv: \{decimal"):
        loaded(tmp_path, comma)
    assert loaded(tmp_path, comma, {"csv": {"decimal": ","}}).reconciliation()[0][2] == Decimal("387.81")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rules": []}, "ledger needs rules"),
        ({"rules": [RULES[0], RULES[0]]}, "two rules are named 'media'"),
        ({"rules": [RULES[0] | {"share": {"by": "spend"}}]}, "give channel, or share"),
        ({"rules": [RULES[2] | {"share": {"by": "shares", "shares": {"tv": 0.9}}}]}, "add up to 0.9"),
        ({"rules": [RULES[1] | {"category": "working_media"}]}, "would depend on itself"),
        ({"rules": [RULES[0] | {"where": {}}]}, "which lines the rule takes"),
        ({"ledger": {k: v for k, v in LEDGER.items() if k != "channel"}}, "ledger.channel names no column"),
    ],
)
def test_wrong_settings_are_named(changes, said):
    with pytest.raises(ValidationError, match=said):
        CostsSettings.model_validate(COSTS | changes)


def test_the_command_prints_the_ledger_and_writes_tables(tmp_path):
    loaded(tmp_path)
    document = {"name": "money", "data": DATA, "costs": COSTS}
    config = tmp_path / "money.yaml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    result = CliRunner().invoke(app, ["costs", str(config), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    for text in ("387.81", "mapped by no rule", "line 7, 2024-02-03: rent, 7.77", "257.1"):
        assert text in result.output
    folder = tmp_path / "out" / "money" / "costs"
    parts = pd.read_csv(folder / "parts.csv")
    unmapped = pd.read_csv(folder / "unmapped.csv")
    assert round(parts["amount"].sum() + unmapped["amount"].sum(), 2) == 367.81
    whole = pd.read_csv(folder / "by_channel.csv").set_index("channel")
    np.testing.assert_allclose(whole.drop(columns="fully_loaded").sum(axis=1), whole["fully_loaded"])
    config.write_text(yaml.safe_dump(document | {"costs": COSTS | {"beside": []}}), encoding="utf-8")
    result = CliRunner().invoke(app, ["costs", str(config)])
    assert result.exit_code == 2
    assert "costs.rules.2: 'email' is not a channel" in result.output
    del document["costs"]
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    result = CliRunner().invoke(app, ["costs", str(config)])
    assert (result.exit_code, "no section 'costs'" in result.output) == (2, True)
