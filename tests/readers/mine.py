"""What pm4py counts in a log of touchpoints: variants, directly-follows pairs and beginnings, as JSON. Runs alone, with
that pm4py on its path; it shares neither code nor process with Parcours."""

import json
import sys

import pandas as pd
import pm4py

case, activity, time = "case:concept:name", "concept:name", "time:timestamp"
log = pd.read_csv(sys.argv[1], keep_default_na=False)
log[time] = pd.to_datetime(log[time], format="ISO8601", utc=True)
mined = pm4py.format_dataframe(log, case_id=case, activity_key=activity, timestamp_key=time)
pairs, starts, _ = pm4py.discover_dfg(mined)
variants = {" → ".join(path): count for path, count in pm4py.get_variants(mined).items()}
print(
    json.dumps(
        {
            "version": pm4py.__version__,
            "variants": variants,
            "pairs": [[*pair, count] for pair, count in pairs.items()],
            "starts": starts,
        }
    )
)
