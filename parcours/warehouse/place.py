"""Where files lie that driver and workers of a cluster both see: a folder, or a bucket of an object store.

DuckDB reads and writes a folder itself. Of a store it asks pyarrow's file systems, as of addresses that begin with
`SCHEME`: no extension of DuckDB has to be fetched, and SQL, and what it is allowed to reach, are the same for both.

Not here: which files are a table (`parcours/cluster/storage.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import duckdb

from parcours.whole_file import PRIVATE, write_whole

if TYPE_CHECKING:
    import pyarrow.fs

SCHEME = "parcours-store"
"""How the addresses begin that DuckDB has of a store's files."""


class PlaceError(Exception):
    """A store can't be reached; says which, and what it answered."""


class Place(Protocol):
    """A folder or a part of a bucket, with all below it.

    Attributes:
        address: its own; those of files begin with it. DuckDB knows them once it is prepared.
    """

    address: str

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let SQL of a connection read and write here."""

    def make_folder(self, address: str) -> None:
        """So that files can be written there."""

    def read(self, name: str) -> str | None:
        """The text of a file here; None: there is none."""

    def write(self, name: str, text: str) -> None:
        """Replace a file here at once: who reads meanwhile has the old one or the new one."""

    def files(self, below: str = "") -> dict[str, int]:
        """The Parquet files with their bytes; of one folder, if it is given."""

    def remove(self, files: Iterable[str]) -> None:
        """Remove files, and folders that have none then."""

    def remove_all(self) -> None:
        """Remove everything here."""


def place_of(address: str | Path) -> Place:
    """The place of a path, or of an address as `s3://bucket/folder?region=eu-west-1`.

    Raises:
        PlaceError: pyarrow has no such store, or the address says something that it does not take.
    """
    return Store(str(address)) if "://" in str(address) else Folder(Path(address))


def sql_address(address: str) -> str:
    """How DuckDB calls a path or an address."""
    parts = urlsplit(address)
    return f"{SCHEME}://{parts.netloc}{parts.path}" if "://" in address else address


class Folder:
    """A folder of a disk; its files are their owner's alone."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder, str(folder)

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """DuckDB reads disks by itself."""

    def make_folder(self, address: str) -> None:
        """With those around it."""
        Path(address).mkdir(parents=True, exist_ok=True)

    def read(self, name: str) -> str | None:
        """As UTF-8."""
        file = self.folder / name
        return file.read_text(encoding="utf-8") if file.exists() else None

    def write(self, name: str, text: str) -> None:
        """By one rename."""
        write_whole(self.folder / name, text, PRIVATE)

    def files(self, below: str = "") -> dict[str, int]:
        """As they are now; tasks that nobody waits for any more may still write."""
        found = {}
        for file in Path(below or self.folder).rglob("*.parquet"):
            with suppress(FileNotFoundError):
                found[str(file)] = file.stat().st_size
        return found

    def remove(self, files: Iterable[str]) -> None:
        """Whatever else is gone already."""
        for file in files:
            Path(file).unlink(missing_ok=True)
        for folder in self.folder.glob("*/*/"):
            with suppress(OSError):  # it has files, or a task has just written there
                folder.rmdir()

    def remove_all(self) -> None:
        """With the folder itself."""
        if self.folder.exists():
            shutil.rmtree(self.folder)


class Store:
    """Part of a bucket of an object store. Who may read it, and whether it keeps what was removed, its owner sets."""

    def __init__(self, uri: str) -> None:
        self.uri, self.address = uri, sql_address(uri)
        self.file_system = _file_system(uri)
        self.root = self.address.removeprefix(f"{SCHEME}://")

    def __reduce__(self) -> tuple[type[Store], tuple[str]]:
        """A task opens it with the credentials of its own machine."""
        return Store, (self.uri,)

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Once; later ones change nothing."""
        if SCHEME not in connection.list_filesystems():
            connection.register_filesystem(_for_duckdb(self.file_system))

    def make_folder(self, address: str) -> None:
        """A store has none."""

    def read(self, name: str) -> str | None:
        """As UTF-8."""
        try:
            with self.file_system.open_input_stream(f"{self.root}/{name}") as file:
                return bytes(file.read()).decode("utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreachable(error) from error

    def write(self, name: str, text: str) -> None:
        """A store shows an object when all of it is there."""
        try:
            with self.file_system.open_output_stream(f"{self.root}/{name}") as file:
                file.write(text.encode("utf-8"))
        except OSError as error:
            raise self._unreachable(error) from error

    def files(self, below: str = "") -> dict[str, int]:
        """As the store lists them."""
        import pyarrow.fs as fs

        folder = below.removeprefix(f"{SCHEME}://") or self.root
        try:
            found = self.file_system.get_file_info(fs.FileSelector(folder, recursive=True, allow_not_found=True))
        except OSError as error:
            raise self._unreachable(error) from error
        return {f"{SCHEME}://{one.path}": one.size for one in found if one.path.endswith(".parquet")}

    def remove(self, files: Iterable[str]) -> None:
        """One by one."""
        for file in files:
            with suppress(FileNotFoundError):
                self.file_system.delete_file(file.removeprefix(f"{SCHEME}://"))

    def remove_all(self) -> None:
        """What is below the address; not the bucket."""
        try:
            self.file_system.delete_dir_contents(self.root, missing_dir_ok=True)
        except OSError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: OSError) -> PlaceError:
        return PlaceError(f"{self.uri.partition('?')[0]} can't be read or written: {str(error).splitlines()[0]}")


@cache
def _file_system(uri: str) -> pyarrow.fs.FileSystem:
    """pyarrow's own; one for all tasks of a process. Credentials are those of the environment, or of the machine."""
    import pyarrow as pa
    import pyarrow.fs as fs

    try:
        return fs.FileSystem.from_uri(uri)[0]
    except (pa.ArrowException, ValueError, OSError) as error:
        raise PlaceError(f"{uri.partition('?')[0]} is no storage: {str(error).splitlines()[0]}") from error


def _for_duckdb(file_system: pyarrow.fs.FileSystem) -> Any:
    """A file system of pyarrow as DuckDB takes one, for addresses that begin with `SCHEME`.

    DuckDB asks three times for each file that it opens whether it is there, and since when. A store is asked once: no
    file is written twice under one name.
    """
    from fsspec.implementations.arrow import ArrowFSWrapper

    class Named(ArrowFSWrapper):  # type: ignore[misc]
        protocol = SCHEME

        def __init__(self) -> None:
            super().__init__(file_system, skip_instance_cache=True)
            self.known: dict[str, dict[str, Any]] = {}

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return path.removeprefix(f"{SCHEME}://")

        def info(self, path: str, **options: Any) -> dict[str, Any]:
            if path not in self.known:
                found: dict[str, Any] = super().info(path, **options)
                if found["type"] != "file":
                    return found
                self.known[path] = found
            return self.known[path]

        def modified(self, path: str) -> datetime:
            return datetime(1970, 1, 1, tzinfo=UTC)

    return Named()
