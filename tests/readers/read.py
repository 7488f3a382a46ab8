"""What a DuckDB of any version reads in a published file, as JSON. Runs alone, with that DuckDB on its path."""

import json
import sys

import duckdb

with duckdb.connect(sys.argv[1], read_only=True) as published:
    said = {name: published.execute(sql).fetchall() for name, sql in json.load(sys.stdin).items()}
print(json.dumps({"version": duckdb.__version__, "said": said}))
