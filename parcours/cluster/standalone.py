"""A Spark cluster of this machine, on loopback: one master, some workers, as processes of their own.

For trials, and for tests: what runs on it is what would run on many machines, but for the network.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from parcours.cluster.spark import MISSING, SparkMissing

LOOPBACK = "127.0.0.1"
PR_SET_PDEATHSIG = 1
"""Of Linux: which signal a process gets when the one that started it is gone."""
STARTS = 60
"""Seconds in which a process of Spark is there, on a slow machine."""


@dataclass
class Standalone:
    """A cluster that runs.

    Attributes:
        folder: its logs, and what workers write while they work.
        port: of the master.
        processes: master and workers, by their names.
    """

    folder: Path
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def master(self) -> str:
        """The address for a session."""
        return f"spark://{LOOPBACK}:{self.port}"

    def start_worker(self, number: int, memory: str) -> None:
        """One more worker, of one core. It ends with the thread that starts it, if not before (`_die_with_parent`)."""
        port = _free_port()
        address = ["--host", LOOPBACK, "--port", str(port), "--webui-port", "0", "-c", "1", "-m", memory, self.master]
        self.start(f"worker{number}", "org.apache.spark.deploy.worker.Worker", port, address)

    def start(self, name: str, main: str, port: int, arguments: list[str]) -> None:
        """Start a process of Spark, and wait for its port.

        Raises:
            SparkMissing: it ended at once; says where its log is.
        """
        import pyspark

        home = Path(pyspark.__file__).parent
        environment = os.environ | {
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": LOOPBACK,  # its pages for people too
            "SPARK_NO_DAEMONIZE": "1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_WORKER_DIR": str(self.folder / "work"),
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "TMPDIR": str(self.folder / "tmp"),
            "PYSPARK_PYTHON": sys.executable,
        }
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [str(home / "bin" / "spark-class"), main, *arguments],
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self.processes[name] = process
        until = time.monotonic() + STARTS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise SparkMissing(f"Spark's {name} did not start. See {log}: {log.read_text(errors='replace')[-500:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End all of it, with the executors of its workers."""
        for process in reversed(self.processes.values()):
            for sent in (signal.SIGTERM, signal.SIGKILL):
                if process.poll() is None:
                    os.killpg(process.pid, sent)
                    _wait(process)


@contextmanager
def standalone(folder: Path, workers: int = 2, memory: str = "2500m") -> Iterator[Standalone]:
    """A cluster while it is needed; nothing of it is left afterwards.

    Args:
        folder: for its logs and scratch; removed at the end.
        workers: of one core each.
        memory: of each, for its executors.

    Raises:
        SparkMissing: there is no Java, or no pyspark.
    """
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise SparkMissing(MISSING) from None
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise SparkMissing(MISSING)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    folder.chmod(0o700)
    cluster = Standalone(folder, _free_port())
    address = ["--host", LOOPBACK, "--port", str(cluster.port), "--webui-port", "0"]
    try:
        cluster.start("master", "org.apache.spark.deploy.master.Master", cluster.port, address)
        for number in range(1, workers + 1):
            cluster.start_worker(number, memory)
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _die_with_parent() -> None:
    """In a process of Spark before it is that: none outlives a run that was killed. Where the system can't (it is
    Linux's), who kills a run has to end its cluster too.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex((LOOPBACK, port)) == 0


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        return
