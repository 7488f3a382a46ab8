"""Ranking the stages by drop-off three ways, and saying where the order is not certain.

Here: the bootstrap over persons behind `metrics.drop_off_ranking`. What is ranked is `metrics.stage_drop_off`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from parcours.tables.python_rows import write_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DROP_OFF_RANKING = "metrics.drop_off_ranking"
RANKINGS = ("revenue_at_stake", "drop_off_rate", "units_lost")
REPLICATES = 2000
SEED = 20_260_101
"""Fixed, so that the same data give the same ties."""


def write_drop_off_ranking(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace metrics.drop_off_ranking: one row per required stage and ranking.

    Two stages tie when the 95 % interval of their difference holds zero, over Poisson bootstrap replicates of the
    persons. Persons with the same journeys are drawn together (a sum of Poisson variables is one), so the cost depends
    on the number of different histories, not of persons. Average net order value is taken as known. Stages with
    fewer matured journeys than a small cell are not ranked by any of the three.
    """
    import numpy as np

    stages = connection.execute(
        "select stage, stage_position, matured_count, dropped_count, drop_off_rate, revenue_at_stake, is_small "
        "from metrics.stage_drop_off where is_required and is_measured order by stage_position"
    ).fetchall()
    positions = [row[1] for row in stages]
    [(value,)] = connection.execute("select average_order_value from metrics.order_value").fetchall()
    columns = ", ".join(
        f"count(*) filter (where furthest_required_position = {position}) as at_{position}" for position in positions
    )
    histories = connection.execute(
        "select count(*) as persons, * exclude (person_id) from ("
        f"select person_id, {columns} from metrics.matured_journeys group by person_id) group by all order by all"
    ).fetchnumpy()
    ended = np.empty((len(histories["persons"]), len(positions)))
    for column, position in enumerate(positions):
        ended[:, column] = histories[f"at_{position}"]
    draws = np.random.default_rng(SEED).poisson(
        np.asarray(histories["persons"], dtype=float), size=(REPLICATES, len(ended))
    )
    replicates = measures(draws @ ended, float(value or 0))

    ranked = [i for i, row in enumerate(stages[:-1]) if not row[6]]
    rows = []
    # Without orders no revenue is at stake, and nothing to rank by.
    for ranking in [name for name in RANKINGS if value or name != "revenue_at_stake"]:
        observed = {
            i: {"units_lost": stages[i][3], "drop_off_rate": stages[i][4], "revenue_at_stake": stages[i][5]}[ranking]
            or 0
            for i in ranked
        }
        order = sorted(ranked, key=lambda i: (-observed[i], i))
        for rank, i in enumerate(order, 1):
            low = np.quantile(replicates[ranking][:, order[0]] - replicates[ranking][:, i], 0.025)
            rows.append((stages[i][0], ranking, float(observed[i]), rank, bool(rank > 1 and low <= 0)))
    write_rows(connection, DROP_OFF_RANKING, rows)


def measures(ended: NDArray[np.float64], order_value: float) -> dict[str, NDArray[np.float64]]:
    """The three rankings' values per replicate (rows) and stage but the last (columns).

    Args:
        ended: journeys by furthest required stage, replicates × stages in order.
        order_value: average net order value.
    """
    import numpy as np

    reached = np.cumsum(ended[:, ::-1], axis=1)[:, ::-1]
    lost, entered, following = ended[:, :-1], reached[:, :-1], reached[:, 1:]
    to_the_end = np.divide(reached[:, -1:], following, out=np.zeros_like(following), where=following > 0)
    return {
        "units_lost": lost,
        "drop_off_rate": np.divide(lost, entered, out=np.zeros_like(entered), where=entered > 0),
        "revenue_at_stake": lost * to_the_end * order_value,
    }
