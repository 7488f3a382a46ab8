"""Spark as scheduler and shuffle: it moves blobs to buckets, and has a function run on each. No more is used of it.

No column of ours is ever one of Spark's, so its types, time zones and dialect do not matter.
"""

from __future__ import annotations

import os
import pickle
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from parcours.cluster.bucket import Part, Work, Written, compute, send
from parcours.engine.model import ModelError
from parcours.project import ROOT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MISSING = (
    "The engine spark needs pyspark and a Java runtime: install parcours[spark], and Debian's default-jre-headless."
)

BLOBS = "bucket int, name string, blob binary"
BLOB_SCHEMA = pa.schema([("bucket", pa.int32()), ("name", pa.string()), ("blob", pa.binary())])

LOGGING = Path(__file__).with_name("log4j2.properties").as_uri()

OPTIONS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.adaptive.enabled": "false",  # a bucket stays a task of its own
    "spark.sql.execution.arrow.maxRecordsPerBatch": "16",  # a record is a blob of up to some MB
    "spark.speculation": "false",
    "spark.task.maxFailures": "4",
    "spark.python.worker.reuse": "true",
    "spark.executorEnv.PYTHONPATH": str(ROOT),
    "spark.executorEnv.OMP_NUM_THREADS": "1",
    "spark.executorEnv.PYTHONWARNINGS": "ignore::FutureWarning",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={LOGGING}",
}
LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


class SparkMissing(Exception):
    """pyspark or Java is not installed; says what to do."""


class ClusterError(Exception):
    """Spark gave a job up; says what a task said last."""


class Spark:
    """A session with a cluster, begun when it is first needed."""

    def __init__(self, master: str, options: dict[str, str]) -> None:
        self.master, self.options = master, options
        self._session: SparkSession | None = None

    @property
    def session(self) -> SparkSession:
        """The session.

        Raises:
            SparkMissing: there is no pyspark, or no Java.
        """
        if self._session is None:
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            is_here = self.master.startswith("local") or "//127.0.0.1" in self.master
            if is_here:
                os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
            try:
                # Of pandas nothing is used here.
                warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
                from pyspark.errors import PySparkRuntimeError
                from pyspark.sql import SparkSession
            except ImportError:
                raise SparkMissing(MISSING) from None
            options = OPTIONS | (LOOPBACK if is_here else {}) | self.options
            builder = SparkSession.builder.master(self.master).appName("parcours")
            for name, value in options.items():
                builder = builder.config(name, value)
            try:
                self._session = builder.getOrCreate()
            except PySparkRuntimeError as error:
                raise SparkMissing(f"{MISSING} Spark says: {error}") from error
        return self._session

    def by_key(self, parts: Sequence[Part], work: Work, buckets: int) -> list[Written]:
        """Send the rows of every part to their buckets, and do the work in each.

        Raises:
            ModelError: a select is refused; names the table.
            ClusterError: a task failed again and again, or the cluster is gone.
        """
        tasks = [(number, "", pickle.dumps((part, work.memory))) for number, part in enumerate(parts)]
        session = self.session

        def sending(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for task in batch.column(2).to_pylist():
                    part, memory = pickle.loads(task)
                    for bucket, name, blob in send(part, buckets, memory):
                        yield _records([(bucket, name, blob)])

        def computing(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            rows = _rows(batches)
            first = next(rows, None)
            if first is not None:
                blobs = ((name, blob) for _, name, blob in chain([first], rows) if name)
                yield _records([(0, "", pickle.dumps([*compute(work, first[0], blobs)]))])

        # Each bucket gets a row without a name, so that one to which nothing is sent has its empty tables too.
        every = session.createDataFrame([(number, "", b"") for number in range(buckets)], BLOBS)
        if tasks:
            sent = session.createDataFrame(tasks, BLOBS).repartitionById(len(tasks), "bucket")
            every = every.unionAll(sent.mapInArrow(sending, BLOBS))
        try:
            done = every.repartitionById(buckets, "bucket").mapInArrow(computing, BLOBS).collect()
        except Exception as error:  # of py4j, or one of Spark's own, as it happens
            raise what_failed(str(error)) from error
        return [written for row in done for written in pickle.loads(row.blob)]

    def stop(self) -> None:
        """End the session, if there is one."""
        if self._session is not None:
            self._session.stop()
            self._session = None


def what_failed(text: str) -> Exception:
    """Of an error of Spark, the one of ours in it, else its first lines. A select that is refused is so anywhere."""
    ours = re.findall(
        r"^(?:parcours|duckdb)[\w.]*\.(\w+: .*(?:\n(?! *(?:at |File |Traceback)).+)*)", text, re.MULTILINE
    )
    said = ours[-1].strip() if ours else "\n".join(text.splitlines()[:5])
    kind, _, message = said.partition(": ")
    return ModelError(message) if kind == "ModelError" else ClusterError(said)


def _records(rows: Iterable[tuple[int, str, bytes]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, BLOB_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=BLOB_SCHEMA)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, str, bytes]]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
