#!/usr/bin/env bash
# A thousands sign is removed wherever it stands: pandas 3.0.0 (both engines) and DuckDB 2.0.1 read "20893.98" under
# thousands="." as 2089398, "12,5" under thousands="," as 125 and "1,2,3" as 123, without a warning. Expected was that DuckDB,
# whose documentation calls the option a digit group separator, would refuse what is not grouped by three. So one cell
# in the other notation (a pasted row, a merged export) is off by a factor of 10 or 100, and its column still sums up.
# Polars 2.1.0 has no such option and leaves the column as text.
# Seen: pandas c [2089398.0, 1234.56] [125.0, 1234.5]; pandas python the same; duckdb the same; polars text.
set -e
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install pandas==3.0.0 duckdb==2.0.1 polars==2.1.0
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import io
import duckdb, pandas as pd, polars as pl

CASES = [("a;b\n20893.98;1\n1.234,56;2\n", ".", ",", [2089398.0, 1234.56]), ("a;b\n12,5;1\n1,234.5;2\n", ",", ".", [125.0, 1234.5])]
for text, thousands, decimal, seen in CASES:
    open("x.csv", "w").write(text)
    query = f"from read_csv('x.csv', delim=';', decimal_separator='{decimal}', thousands='{thousands}')"
    found = {
        engine: pd.read_csv(io.StringIO(text), sep=";", thousands=thousands, decimal=decimal, engine=engine)["a"].tolist()
        for engine in ("c", "python")
    }
    found["duckdb"] = [float(a) for a, _ in duckdb.sql(query).fetchall()]
    print(found)
    assert all(values == seen for values in found.values()), "a reader now looks at the place of the sign"
    assert pl.read_csv("x.csv", separator=";", decimal_comma=decimal == ",")["a"].dtype == pl.String
PY
