"""A cluster's tables in an object store: the same as in a folder, by SQL that is allowed nothing else there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from canonical_shops import canonical_project, contents, difference, load_files, open_canonical
from in_buckets import engine_in_buckets
from object_store import object_store
from test_cluster import nights
from test_incremental import in_order, rebuilt, shop_settings

from parcours.cluster.storage import MANIFEST, Storage
from parcours.forget_people import forget_people
from parcours.project import ROOT, Project
from parcours.settings.file import SettingsError, load_settings
from parcours.tables.catalogue import build_all
from parcours.troubles import trouble_of
from parcours.warehouse.connection import confine
from parcours.warehouse.place import PlaceError, place_of, sql_address


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with object_store() as started:
        yield started


def storing_at(project: Project, address: str) -> Project:
    engine = project.settings.engine.model_copy(update={"storage": address})
    return replace(project, settings=project.settings.model_copy(update={"engine": engine}))


@pytest.mark.cluster
def test_three_nights_with_somebody_forgotten_are_those_of_one_machine(address: str, tmp_path: Path) -> None:
    project = storing_at(canonical_project(tmp_path / "shop", shop_settings()), address)
    engine = engine_in_buckets(project, project.cluster_storage, 2)
    place = place_of(project.cluster_storage)
    *before, last = nights()
    with open_canonical(project, str(project.warehouse)) as connection:
        confine(connection, project)
        for night in before:
            load_files(connection, project, night)
            build_all(connection, project, engine=engine)
        assert not difference(contents(connection), rebuilt(connection, project), in_order(project))
        storage = Storage(project.cluster_storage)
        assert {*place.files()} == {file for name in storage.tables for file in storage[name].files} != set()
        with pytest.raises(duckdb.PermissionException):
            connection.execute("copy (select 1) to 'parcours-store://shop/elsewhere.parquet' (format parquet)")
    assert not forget_people(project, [("customer", "c1")]).unknown
    assert not place.files() and place.read(MANIFEST) is None
    with open_canonical(project, str(project.warehouse)) as connection:
        load_files(connection, project, last)
        build_all(connection, project, engine=engine)
        assert not difference(contents(connection), rebuilt(connection, project), in_order(project))
    assert place.files()


@pytest.mark.cluster
def test_a_store_that_is_not_there_is_named_with_what_to_do(address: str) -> None:
    nowhere = address.replace("//shop/", "//nobodys-bucket/")
    with pytest.raises(PlaceError, match=r"^s3://nobodys-bucket/cluster can't be read or written: ") as refused:
        place_of(nowhere).write(MANIFEST, "{}")
    assert trouble_of(refused.value).title == "The cluster's storage can't be reached"
    with pytest.raises(PlaceError, match="is no storage: "):
        place_of("s3://shop/cluster?colour=blue")


@pytest.mark.parametrize("said", ["s3://key:secret@shop/cluster", "ftp://shop/cluster", ""])
def test_no_other_address_and_no_credentials_stand_in_journey_yaml(said: str, tmp_path: Path) -> None:
    text = (ROOT / "journey.yaml").read_text(encoding="utf-8") + f"\nengine: {{kind: spark, storage: '{said}'}}\n"
    (tmp_path / "journey.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="storage"):
        load_settings(tmp_path / "journey.yaml")


def test_where_a_shops_files_lie(tmp_path: Path) -> None:
    shop = canonical_project(tmp_path / "shop", shop_settings())
    assert shop.cluster_storage == str(shop.output / "cluster" / "parcours-tables")
    assert storing_at(shop, "/mnt/all").cluster_storage == "/mnt/all/parcours-tables"
    assert storing_at(shop, "s3://b/c/?region=x").cluster_storage == "s3://b/c/parcours-tables?region=x"
    assert sql_address("s3://b/c/parcours-tables?region=x") == "parcours-store://b/c/parcours-tables"
    assert sql_address("/mnt/all") == "/mnt/all"
