"""A server on loopback that answers as Amazon's S3 does, for as long as it is needed: moto, in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow.fs as fs
import pytest

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_EC2_METADATA_DISABLED": "true"}
BUCKET = "shop"


@contextmanager
def object_store() -> Iterator[str]:
    """The address of a folder in it. A laptop without moto skips, and says so; CI has it."""
    if importlib.util.find_spec("moto") is None:
        assert not os.environ.get("CI"), "moto is not installed"
        pytest.skip("no object store: install moto and flask, as make test-cluster does")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        options = f"endpoint_override=127.0.0.1:{port}&scheme=http&region=eu-west-1"
        with pytest.MonkeyPatch.context() as patch:
            for name, value in CREDENTIALS.items():
                patch.setenv(name, value)
            _wait_for(port, server)
            store, _ = fs.FileSystem.from_uri(f"s3://{BUCKET}?{options}&allow_bucket_creation=true")
            store.create_dir(BUCKET)
            yield f"s3://{BUCKET}/cluster?{options}"
    finally:
        server.kill()
        server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None and time.monotonic() < until, "the server of the object store did not start"
        time.sleep(0.1)
