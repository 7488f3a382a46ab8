"""The sections of the quality page, all made one way from what the checks recorded.

Here: a section for each topic, one for each other table with a check that did not pass, and one of every check, so
that a new check appears by itself. Not here: what topics show (`topics.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import duckdb

from parcours.numbers import Numbers, capital
from parcours.report.drawing import Chart, chart
from parcours.report.figures import QUERIES as BOTH_PAGES
from parcours.report.figures import Row, rows
from parcours.report.quality.chart import DayBars, day_bars, day_bars_legend
from parcours.report.quality.tables import QUERIES, not_quite, sample_table, tables_of
from parcours.report.quality.topics import TOPICS, Topic
from parcours.report.section import FlagBox, Section, Sentence
from parcours.words import joined, later, listed, say, told

SHOWN_ROWS = 12
"""Rows of an open table; the rest is counted below it."""
RESULTS = "metrics.check_results"
RULES_NOTE = later(
    "To copy below touchpoints: in journey.yaml; choose a name and a stage. Where a rule names it, add stage: to that "
    "rule instead, since the first that matches counts."
)


class Result(Row):
    """A row of metrics.check_results."""

    @property
    def section(self) -> str:
        """The section that shows it: that of the topic of its table, else one of the table."""
        return next((t.key for t in TOPICS if t.sources[0] == self.table_name), self.table_name.replace(".", "-"))

    @property
    def what(self) -> str:
        """What is counted, as the beginning of a line: Orders without a line."""
        return capital(told(self.finding))

    def found(self, numbers: Numbers) -> str:
        """What was found, with its count: Orders without a line: 3."""
        return say("{finding}: {count}", finding=self.what, count=numbers.count(self.offending_count))


class Mark(Row):
    """A row of metrics.quality_marks: how many of how many are as they should be."""

    def counted(self, numbers: Numbers) -> str:
        """All of them, or how many of how many."""
        total = numbers.count(self.all_count)
        if self.good_count == self.all_count:
            return say("All {count}", count=total)
        return say("{count} of {total}", count=numbers.count(self.good_count), total=total)

    def share(self, numbers: Numbers) -> str:
        """The share, which never looks like all where it is not."""
        return not_quite(self.good_share, numbers)


def topic_section(
    connection: duckdb.DuckDBPyConnection, topic: Topic, mark: Mark, unmet: Sequence[Result], numbers: Numbers
) -> Section:
    """A question: its mark as the title, what its checks found, its chart and its tables."""
    found = [result for result in unmet if result.section == topic.key]
    section = _section(topic.key, say(topic.name), _title(topic, mark, numbers), topic.sources, found, numbers)
    if not mark.all_count:
        return replace(section, empty=say(topic.empty))
    charts, legend = _chart(connection, topic, numbers)
    tables = tables_of(connection, topic.shown, numbers)
    rules = tables_of(connection, ["rules"], numbers) if topic.key == "stages" else []
    return replace(
        section,
        subtitle=say(topic.about),
        charts=charts,
        legend=legend,
        shown=[*(replace(table, rows=table.rows[:SHOWN_ROWS]) for table in tables), *section.shown],
        code="\n".join(rule for table in rules for (rule,) in table.rows),
        notes=[
            *([say(RULES_NOTE)] if rules else []),
            *(
                say(
                    "{table}: {count} more in {sources}.",
                    table=table.caption,
                    count=numbers.count(len(table.rows) - SHOWN_ROWS),
                    sources=listed(topic.sources, "or"),
                )
                for table in tables
                if len(table.rows) > SHOWN_ROWS
            ),
        ],
        tables=tables_of(connection, topic.behind, numbers),
    )


def _title(topic: Topic, mark: Mark, numbers: Numbers) -> str:
    """How much is as it should be, with its share where that is not all."""
    if not mark.all_count:
        return say("{name}: nothing to count", name=say(topic.name))
    counted, holds = mark.counted(numbers), say(topic.holds)
    if mark.good_count == mark.all_count:
        return say("{counted} {holds}", counted=counted, holds=holds)
    return say("{counted} {holds} ({share})", counted=counted, holds=holds, share=mark.share(numbers))


def other_sections(unmet: Sequence[Result], numbers: Numbers) -> list[Section]:
    """The checks that did not pass of tables without a topic: a section for each table."""
    topics = {topic.key for topic in TOPICS}
    others = sorted((result for result in unmet if result.section not in topics), key=lambda result: result.section)
    sections = []
    for key, group in groupby(others, key=lambda result: result.section):
        found = list(group)
        title = joined(result.found(numbers) for result in found)
        name = told(found[0].table_name.partition(".")[2].replace("_", " ").capitalize())
        sections.append(_section(key, name, title, (found[0].table_name, RESULTS), found, numbers))
    return sections


def checks_section(connection: duckdb.DuckDBPyConnection, results: Sequence[Result], numbers: Numbers) -> Section:
    """Every check: counted by box, and behind a click each with its verdict and what to do."""
    passed = numbers.count(sum(not result.is_unmet for result in results))
    return Section(
        "checks",
        say("Every check"),
        say("{count} of {total} checks passed", count=passed, total=numbers.count(len(results))),
        say(
            "An error stops what is downstream, so that the last good pages stay; a warning is shown. A check is a "
            "file of sql/checks, a table's key, or expectations of values: both of what changed since they last passed."
        ),
        (RESULTS,),
        empty="" if results else say("No check has run yet."),
        shown=tables_of(connection, ["boxes"], numbers),
        tables=tables_of(connection, ["checks"], numbers),
    )


def _section(
    key: str, name: str, title: str, sources: Sequence[str], found: Sequence[Result], numbers: Numbers
) -> Section:
    """What checks found: a box that says what does not hold and what to do, and the first of the offending rows."""
    if not found:
        return Section(key, name, title, "", sources)
    flag = FlagBox(
        say("Does not hold") if any(result.verdict == "failed" for result in found) else say("Worth a look"),
        say("Expected: {rules}", rules=" ".join(told(result.rule) for result in found)),
        [Sentence(result.found(numbers), told(result.to_do)) for result in found],
    )
    samples = [
        sample_table(say("{finding}, the first of them", finding=result.what), result.table_name, offending, numbers)
        for result in found
        # None is left where all that were recorded showed people who are forgotten.
        if (offending := json.loads(result.samples))
    ]
    return Section(key, name, title, "", sources, flag=flag, shown=samples)


def _chart(
    connection: duckdb.DuckDBPyConnection, topic: Topic, numbers: Numbers
) -> tuple[list[Chart], list[tuple[str, str]]]:
    """The bars by shop day and their legend; none where every bar would be empty."""
    if not topic.bars:
        return [], []
    query, counts, of = topic.bars
    bars = DayBars(rows(connection, QUERIES / f"{query}.sql", Row), say(counts), say(of))
    if not any(day.count for day in bars.days):
        return [], []
    outages = rows(connection, BOTH_PAGES / "outages.sql", Row)
    incidents = rows(connection, BOTH_PAGES / "incidents.sql", Row)
    drawn = chart(f"{topic.key}-days", partial(day_bars, bars, outages, incidents, numbers))
    return [drawn], day_bars_legend(bars, outages, incidents)
