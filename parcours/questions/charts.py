"""How an answer is drawn: bars of its rows, or a line over time, with intervals where it has them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

INK = "#2b6a93"
WHISKER = "#12303f"
GROUPS = ("#2b6a93", "#d9822b", "#4a9d8f", "#8a5a9e", "#b3372b", "#7f8c96")
"""Colours that stay apart for colour-blind people."""
ROWS = 20
"""Rows of a chart of many."""


def bars(
    found: pd.DataFrame,
    label: str | None = None,
    value: str | None = None,
    low: str | None = None,
    high: str | None = None,
) -> go.Figure:
    """A bar per row that has a value; by default of the answer's first text and its first number."""
    texts = [str(column) for column in found if not pd.api.types.is_numeric_dtype(found[column])]
    numbers = [str(column) for column in found if pd.api.types.is_numeric_dtype(found[column])]
    named, counted = label or next(iter(texts), None), value or next(iter(numbers), None)
    figure = go.Figure(
        layout={"template": "plotly_white", "title": "Nothing found", "yaxis": {"autorange": "reversed"}}
    )
    if counted is None or not len(found):
        return figure
    known = found[found[counted].notna()]
    if not len(known):
        return figure.update_layout(title=f"{words(counted)}: no value yet")
    names = known[named].astype(str) if named is not None else pd.Series(range(1, len(known) + 1), dtype=str)
    shown = None
    if low and high:
        shown = whiskers(known, counted, low, high)
    figure.add_bar(y=names, x=known[counted], error_x=shown, orientation="h", marker_color=INK)
    most = int(known[counted].astype(float).to_numpy().argmax())
    highest = _text(known, counted, known[counted].iloc[most])
    title = f"{names.iloc[most]}: {highest}, the highest {words(counted)}"
    figure.update_layout(
        title=title if known[counted].any() else f"{words(counted)}: {highest} everywhere",
        xaxis={"title": words(counted), "tickformat": _format(known, counted)},
    )
    return figure


def lines(found: pd.DataFrame, at: str, value: str, name: str = "") -> go.Figure:
    """A line over days, weeks or intervals, as far as there is a value."""
    figure = go.Figure(layout={"template": "plotly_white", "title": f"{name or words(value)}: no value yet"})
    known = found[found[value].notna()]
    if not len(known):
        return figure
    since, until = (
        f"{_text(known, value, one[value])} at {_place(one[at])}" for _, one in known.iloc[[0, -1]].iterrows()
    )
    figure.add_scatter(x=known[at], y=known[value], mode="lines+markers", line_color=INK)
    figure.update_layout(
        title=f"{name or words(value)}: {since}, {until}",
        xaxis={"title": words(at)},
        yaxis={"title": name or words(value), "tickformat": _format(known, value), "rangemode": "tozero"},
    )
    return figure


def whiskers(known: pd.DataFrame, value: str, low: str, high: str) -> dict[str, object]:
    """How far intervals reach beyond their bars, as Plotly takes it; named are columns."""
    beyond = {"array": known[high] - known[value], "arrayminus": known[value] - known[low]}
    return {**beyond, "symmetric": False, "color": WHISKER}


def words(column: str) -> str:
    """A column's name as it is said."""
    return column.replace("_", " ").replace("drop off", "drop-off")


def _is_share(found: pd.DataFrame, value: str) -> bool:
    return bool(found[value].dropna().between(-1, 1).all()) and "count" not in value


def _format(found: pd.DataFrame, value: str) -> str:
    return ".0%" if _is_share(found, value) else ","


def _text(found: pd.DataFrame, value: str, number: float) -> str:
    return f"{number:.1%}" if _is_share(found, value) else f"{number:,.6g}"


def _place(at: object) -> str:
    return f"{at:%Y-%m-%d}" if isinstance(at, pd.Timestamp) else f"{at:g}" if isinstance(at, float) else str(at)


def grouped_bars(found: pd.DataFrame, label: str, value: str, groups: Sequence[str], count: str) -> go.Figure:
    """Bars of each label, one per group beside each other: the groups that most are counted in, at most six.

    Groups of small cells are not called the highest.
    """
    figure = _empty(f"{words(value)}: no value yet")
    figure.update_layout(colorway=GROUPS, yaxis={"autorange": "reversed"})
    shown = found.assign(group=[" · ".join(map(_place, row)) for row in found[[*groups]].itertuples(index=False)])
    largest = [str(one) for one in shown.groupby("group")[count].max().nlargest(len(GROUPS)).index]
    known = shown[shown["group"].isin(largest) & shown[value].notna()]
    if not len(known):
        return figure
    for group in largest:
        part = known[known["group"] == group]
        figure.add_bar(y=part[label], x=part[value], orientation="h", name=group)
    ranked = known[~known["is_small"].astype(bool)] if "is_small" in known else known
    at = (ranked if len(ranked) else known).nlargest(1, value).iloc[0]
    others = known[(known[label] == at[label]) & (known["group"] != at["group"])]
    # The widest gap says more than the highest value: that is what the groups are set beside each other for.
    title = f"{at[label]}, {at['group']}: {_text(known, value, at[value])}, the highest {words(value)}"
    if not known[value].any():
        title = f"{words(value)}: {_text(known, value, 0)} everywhere"
    elif len(others):
        low = others.nsmallest(1, value).iloc[0]
        title += f" ({low['group']}: {_text(known, value, low[value])})"
    figure.update_layout(
        title=title,
        xaxis={"title": words(value), "tickformat": _format(known, value)},
        legend={"title": " · ".join(groups), "traceorder": "normal"},
        barmode="group",
    )
    return figure


def lines_of(found: pd.DataFrame, at: str, value: str, group: str, count: str) -> go.Figure:
    """A line per group over days, weeks or months: the groups that most are counted in, at most six."""
    figure = _empty(f"{words(value)}: no value yet")
    figure.update_layout(colorway=GROUPS)
    known = found[found[value].notna()]
    # Half a week at the end of the exports is not a fall.
    ranked = known[~known["is_small"].astype(bool)] if "is_small" in known else known
    if not len(known):
        return figure
    largest = [*known.groupby(group)[count].sum().nlargest(len(GROUPS)).index]
    for name in [one for one in known[group].unique() if one in largest]:
        part = known[known[group] == name]
        figure.add_scatter(x=part[at], y=part[value], mode="lines+markers", name=str(name))
    moves = {
        str(name): part.sort_values(at)[value].iloc[[0, -1]].astype(float).tolist()
        for name, part in (ranked if len(ranked) else known).groupby(group, sort=False)
        if name in largest
    }
    most = max(moves, key=lambda name: abs(moves[name][1] - moves[name][0]))
    since, until = (_text(known, value, one) for one in moves[most])
    figure.update_layout(
        title=f"{most}: {words(value)} from {since} to {until}, the largest move",
        xaxis={"title": words(at)},
        yaxis={"title": words(value), "tickformat": _format(known, value), "rangemode": "tozero"},
    )
    return figure


def timeline(found: pd.DataFrame) -> go.Figure:
    """A point per touchpoint of one person: when, and in which stage, with its name beside it while there are few."""
    if not len(found):
        return _empty("Nobody found")
    at = found.sort_values("occurred_at")
    stages = at.sort_values("stage_position", na_position="first")["stage"].fillna("no stage")
    names = at["touchpoint"].fillna(at["event_name"])
    first, last = (f"{one:%Y-%m-%d}" for one in at["occurred_at"].iloc[[0, -1]])
    sessions = at["session_id"].nunique()
    days = f"on {first}" if first == last else f"from {first} to {last}"
    figure = _empty(
        f"{len(at):,} touchpoints in {sessions} session{'s' * (sessions != 1)}, {days}; the last: {names.iloc[-1]}"
    )
    figure.add_scatter(
        x=at["occurred_at"],
        y=at["stage"].fillna("no stage"),
        mode="lines+markers+text" if len(at) <= ROWS / 2 else "lines+markers",
        line={"color": INK, "width": 1},
        marker={"size": 9},
        text=names,
        textposition="top center",
        hovertemplate="%{text}<br>%{x}<extra></extra>",
    )
    figure.update_layout(
        xaxis={"title": "time (UTC)"},
        yaxis={"title": "stage", "categoryorder": "array", "categoryarray": [*stages.unique()]},
    )
    return figure


def effects(found: pd.DataFrame) -> go.Figure:
    """What each change did to each figure, relative to what was expected, with its 95 % interval and its verdict."""
    figure = _empty("No change is logged")
    if not len(found):
        return figure
    told = found[found["verdict"].isin(["improved", "worsened"])]
    measuring = int((found["verdict"] == "measuring").sum())
    title = f"No change moved a figure beyond doubt ({len(found):,} looked at, {measuring:,} still measuring)"
    if len(told):
        most = told.iloc[int(told["relative_difference"].abs().astype(float).to_numpy().argmax())]
        moved = f"{most['relative_difference']:+.0%}"
        title = (
            f"{most['change_label']}: {most['kpi_label']} {most['verdict']} ({moved}); {len(told)} of {len(found):,}"
        )
    known = found[found["relative_difference"].notna()].copy()
    figure.update_layout(title=title)
    known["place"] = known["verdict"].map(dict.fromkeys(("improved", "worsened"), 0)).fillna(1)
    known = known.sort_values(["place", "is_meant"], ascending=[True, False], kind="stable").head(ROWS)
    known["label"] = known["change_label"] + " · " + known["kpi_label"]
    colours = {"improved": GROUPS[2], "worsened": GROUPS[4], "measuring": GROUPS[5]}
    for verdict, part in known.groupby("verdict", sort=False):
        expected = part["expected_value"].abs()
        figure.add_scatter(
            y=part["label"],
            x=part["relative_difference"],
            error_x={
                "symmetric": False,
                "array": (part["high"] - part["difference"]) / expected,
                "arrayminus": (part["difference"] - part["low"]) / expected,
            },
            mode="markers",
            marker={"size": 10, "color": colours.get(str(verdict), INK)},
            name=str(verdict),
        )
    figure.update_layout(
        xaxis={"title": "difference from what was expected, with its 95 % interval", "tickformat": "+.0%"},
        yaxis={"autorange": "reversed", "categoryorder": "array", "categoryarray": [*known["label"]]},
        showlegend=True,
    )
    return figure


def fallen(found: pd.DataFrame) -> go.Figure:
    """A bar per incident over the days that it lasted: those that did not go on, who would have."""
    if not len(found):
        return _empty("No fall was found that nobody logged")
    labels = [
        f"{one.step_label}{'' if one.dimension == 'all' else f' · {one.value}'}, from {one.began_on:%Y-%m-%d}"
        for one in found.itertuples()
    ]
    most = found.assign(label=labels).nlargest(1, "lost_count").iloc[0]
    ended = "still falling" if most["is_open"] else f"until {most['ended_on']:%Y-%m-%d}"
    figure = _empty(f"{most['label']}, {ended}: {most['relative_size']:+.0%}, {most['lost_count']:,.0f} lost")
    figure.add_bar(y=labels, x=found["lost_count"], orientation="h", marker_color=GROUPS[4])
    figure.update_layout(
        yaxis={"autorange": "reversed"}, xaxis={"title": "attempts that would have gone on besides", "tickformat": ","}
    )
    return figure


def moved_parts(found: pd.DataFrame) -> go.Figure:
    """What a change of revenue (without it, of orders) is made of: from the whole change to each part, adding up."""
    known = found[found["contribution"].notna()]
    measures = [one for one in ("revenue", "orders") if (known["measure"] == one).any()]
    if not measures:
        return _empty("Nothing to compare: two whole months are needed")
    shown = known[known["measure"] == measures[0]].sort_values("part_number")
    whole, parts = shown[shown["part_number"] == 0].iloc[0], shown[shown["part_number"] > 0]
    most = parts.iloc[int(parts["contribution"].abs().to_numpy().argmax())] if len(parts) else whole
    figure = _empty(
        f"{measures[0].capitalize()} {whole['contribution']:+,.0f}, most of it by {most['part_label']} "
        f"({most['contribution']:+,.0f})"
    )
    figure.add_waterfall(
        x=[*parts["part_label"], whole["part_label"]],
        y=[*parts["contribution"], 0],
        measure=["relative"] * len(parts) + ["total"],
        increasing={"marker": {"color": GROUPS[2]}},
        decreasing={"marker": {"color": GROUPS[4]}},
        totals={"marker": {"color": INK}},
    )
    unit = "orders" if measures[0] == "orders" else "in the shop's currency"
    figure.update_layout(yaxis={"title": f"{measures[0]}, {unit}" if unit != "orders" else unit, "tickformat": ",.0f"})
    return figure


def tools(found: pd.DataFrame) -> go.Figure:
    """How many reach each step as each tool counts, and here."""
    if not len(found):
        return _empty("No funnel to count")
    figure = _empty("")
    figure.update_layout(colorway=GROUPS)
    ours = found.drop_duplicates("step_number").assign(dialect="here", reached_count=lambda one: one["here_count"])
    for tool, part in [("here", ours), *found.groupby("dialect", sort=False)]:
        figure.add_bar(y=part["step_label"], x=part["reached_count"], orientation="h", name=str(tool))
    last = found[found["step_number"] == found["step_number"].max()]
    least, most = (last.sort_values("reached_count").iloc[at] for at in (0, -1))
    there = f"from {least['reached_count']:,} ({least['dialect']}) to {most['reached_count']:,} ({most['dialect']})"
    if least["reached_count"] == most["reached_count"]:
        there = f"{most['reached_count']:,} as each of the others counts"
    figure.update_layout(
        title=f"{last['step_label'].iloc[0]}: {last['here_count'].iloc[0]:,} here, {there}",
        xaxis={"title": "units that reached the step", "tickformat": ","},
        yaxis={"autorange": "reversed"},
        legend={"traceorder": "normal"},
    )
    return figure


def pains(found: pd.DataFrame) -> go.Figure:
    """What is to be gained of each friction in each stage, the most first; pale: too few to tell."""
    known = found[found["gain"].notna()].sort_values("gain", ascending=False)
    tested = known[known["left_out"].isna() & (known["gain"] > 0)]
    title = "Nobody met any friction"
    if len(found):
        title = f"{len(found):,} pain point{'s' * (len(found) != 1)}: no gain can be told"
    if len(tested):
        first = tested.iloc[0]
        title = (
            f"{_pain(first)}: {first['gain']:,.0f} to be gained ({first['gain_low']:,.0f} to "
            f"{first['gain_high']:,.0f}), {first['journey_count']:,} journeys met it"
        )
    return _gains(known, [_pain(one) for _, one in known.iterrows()], known["left_out"].notna(), title)


def _pain(one: pd.Series) -> str:
    return f"{words(one['signal'])}, {one['stage_label'] or one['stage']}"


def gained(found: pd.DataFrame) -> go.Figure:
    """What each step would gain by each goal, the most first; pale: of a small cell."""
    known = found[found["gain"].notna()].sort_values("gain", ascending=False).head(ROWS)
    if not len(known):
        return _empty("No step falls short of a goal")
    first = known.iloc[0]
    title = (
        f"{_goal(first)}: {first['gain']:,.0f} to be gained ({first['gain_low']:,.0f} to {first['gain_high']:,.0f}), "
        f"of {first['revenue_at_stake']:,.0f} at stake"
    )
    return _gains(known, [_goal(one) for _, one in known.iterrows()], known["is_small"].astype(bool), title)


def _goal(one: pd.Series) -> str:
    """The step and its goal; a month without its day."""
    goal = one["goal"]
    if one["dimension"] == "month":
        goal = f"as in {one['value'][:7]}"
    elif pd.notna(one["dimension"]):
        goal = f"as {one['dimension']} {one['value']}"
    place = one["step_label"] if pd.isna(one["funnel_name"]) else f"{one['funnel_name']}, {one['step_label']}"
    return f"{place}: {goal}"


def _gains(known: pd.DataFrame, names: Sequence[str], is_pale: pd.Series, title: str) -> go.Figure:
    figure = _empty(title)
    figure.add_bar(
        y=names,
        x=known["gain"],
        error_x=whiskers(known, "gain", "gain_low", "gain_high"),
        orientation="h",
        marker={"color": INK, "opacity": [0.35 if one else 1 for one in is_pale]},
    )
    figure.update_layout(
        yaxis={"autorange": "reversed"},
        xaxis={
            "title": "gain, in the shop's currency, with its 95 % interval; pale: too few to tell",
            "tickformat": ",.0f",
        },
    )
    return figure


def left_carts(found: pd.DataFrame) -> go.Figure:
    """The most valuable carts: when, how far, on which device; all of them in the title."""
    valued = found[found["value"].notna()]
    if not len(valued):
        return _empty(f"{len(found):,} carts to win back, of unknown value" if len(found) else "No cart to win back")
    shown = valued.nlargest(ROWS, "value")
    labels = [
        f"{number}. {_place(one['opened_on'])} · {one['level_reached']} · {one['last_device'] or 'unknown device'}"
        for number, one in enumerate(shown.to_dict("records"), 1)
    ]
    known = int(found["customer_id"].notna().sum())
    figure = _empty(
        f"{len(found):,} carts, worth {valued['value'].astype(float).sum():,.0f}; {known:,} of customers with an id"
    )
    figure.add_bar(y=labels, x=shown["value"].astype(float), orientation="h", marker_color=INK)
    figure.update_layout(
        xaxis={"title": f"value, in the shop's currency (the first {len(shown)})", "tickformat": ",.0f"},
        yaxis={"autorange": "reversed"},
    )
    return figure


def viewed_and_ordered(found: pd.DataFrame) -> go.Figure:
    """A point per product: who viewed it, and how many of these ordered it; those of few viewers are pale."""
    known = found[found["view_to_order_rate"].notna()]
    if not len(known):
        return _empty("No product with views that are over")
    names = known["product_name"].fillna(known["product_id"])
    # One who viewed is a whole point of one that few viewed: what stands out would be those.
    many = known[known["viewed_matured_count"] >= known["viewed_matured_count"].quantile(0.5)]
    least = many.sort_values(["view_to_order_rate", "viewed_matured_count"], ascending=[True, False]).iloc[0]
    name = least["product_name"] if pd.notna(least["product_name"]) else least["product_id"]
    figure = _empty(
        f"{name}: viewed by {least['viewed_matured_count']:,}, ordered by {least['ordered_after_view_count']:,} "
        "of them, the lowest of the much viewed"
    )
    figure.add_scatter(
        x=known["viewed_matured_count"],
        y=known["view_to_order_rate"],
        mode="markers",
        marker={"size": 9, "color": INK, "opacity": [0.35 if one else 0.9 for one in known["is_small"]]},
        text=names,
        hovertemplate="%{text}<br>viewed by %{x:,}, ordered by %{y:.1%}<extra></extra>",
    )
    figure.add_scatter(
        x=[least["viewed_matured_count"]],
        y=[least["view_to_order_rate"]],
        mode="markers+text",
        marker={"size": 12, "color": GROUPS[4]},
        text=[name],
        textposition="top center",
        hoverinfo="skip",
    )
    figure.update_layout(
        xaxis={"title": "people who viewed it", "tickformat": ",", "rangemode": "tozero"},
        yaxis={"title": "of these, ordered it in time", "tickformat": ".1%", "rangemode": "tozero"},
        showlegend=False,
    )
    return figure


def shares(found: pd.DataFrame) -> go.Figure:
    """The figures that are shares, with their intervals; the first of them, and what is no share, in the title."""
    known = found[found["value"].notna()]
    of_all = known[known["unit"] == "share"]
    if not len(of_all):
        return _empty("No figure has a value yet")
    figure = bars(of_all, label="kpi_label", value="value", low="low", high="high")
    said = [f"{one['kpi_label']} {_text(of_all, 'value', one['value'])}" for one in of_all.head(2).to_dict("records")]
    said += [
        f"{one['kpi_label']} {one['value']:,.2f}" for one in known[known["unit"] != "share"].head(1).to_dict("records")
    ]
    figure.update_layout(title=", ".join(said), xaxis={"title": "share, with its 95 % interval", "tickformat": ".0%"})
    return figure


def explained(found: pd.DataFrame) -> go.Figure:
    """What share of a score's variance each behaviour explains; of several surveys that with most answers first."""
    known = found[found["explained"].notna()]
    if not len(known):
        return _empty("Too few answers to tell what the score goes with")
    survey = known.iloc[0]
    shown = known[(known["survey"] == survey["survey"]) & (known["kind"] == survey["kind"])]
    named = shown.assign(driver=[words(one) for one in shown["driver"]])
    figure = bars(named, label="driver", value="explained", low="explained_low", high="explained_high")
    most = named.nlargest(1, "explained").iloc[0]
    title = f"{survey['survey']}: {most['driver']} goes with the score most, {most['explained']:.1%} of its variance"
    if not (named["explained_low"] > 0).any():
        title = f"{survey['survey']}: nothing goes with the score beyond doubt; most, {most['driver']}"
    figure.update_layout(title=title, xaxis={"title": "share of the score's variance, with its 95 % interval"})
    return figure


def _empty(title: str) -> go.Figure:
    return go.Figure(layout={"template": "plotly_white", "title": title})
