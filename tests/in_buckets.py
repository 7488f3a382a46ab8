"""A cluster without Spark: the same parts and work, pickled as a scheduler would, in this process."""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from parcours.cluster.bucket import Part, Work, Written, compute, send
from parcours.cluster.engine import SparkEngine
from parcours.cluster.storage import Storage
from parcours.project import Project
from parcours.tables.engines import spark_engine


class InBuckets:
    """In the place of `Spark`."""

    def __init__(self) -> None:
        self.sent_blobs: dict[str, int] = defaultdict(int)

    def by_key(self, parts: Sequence[Part], work: Work, buckets: int) -> list[Written]:
        blobs: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
        for part in parts:
            for bucket, table, blob in send(pickle.loads(pickle.dumps(part)), buckets, "500MB"):
                blobs[bucket].append((table, blob))
                self.sent_blobs[table] += 1
        told = pickle.dumps(work)
        return [one for bucket in range(buckets) for one in compute(pickle.loads(told), bucket, blobs[bucket])]


def engine_in_buckets(project: Project, storage: str | Path, buckets: int, few: float = 0.0) -> SparkEngine:
    """The engine of a cluster for a shop, whose tasks run here: whenever something changed, or more than few keys."""
    engine = spark_engine(project, InBuckets(), Storage(storage), buckets)
    engine.few = few
    return engine
