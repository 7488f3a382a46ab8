"""The units of systemd and the lines of the crontab that keep the nights coming are right, and do what they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from night_shop import add_day, night_shop

from parcours.nights.record import read_records
from parcours.project import ROOT

UNITS = ROOT / "examples" / "systemd"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The folders that the examples name, here: a checkout with its command, and a shop."""
    command = tmp_path / "opt" / ".venv" / "bin" / "parcours"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m pipelines "$@"\n')
    command.chmod(0o755)
    night_shop(tmp_path / "shop")
    (tmp_path / "shop" / "secrets.env").write_text("export PARCOURS_WEBHOOK=x\n")
    return tmp_path


def corrected(name: str, installed: Path) -> str:
    """An example with its two folders corrected, as its reader does."""
    text = (UNITS / name).read_text(encoding="utf-8")
    return text.replace("/opt/parcours", str(installed / "opt")).replace("/srv/shop", str(installed / "shop"))


def test_systemd_takes_the_units(installed: Path) -> None:
    verify = shutil.which("systemd-analyze")
    units = sorted(path for path in UNITS.iterdir() if path.suffix in (".service", ".timer"))
    assert len(units) == 4
    for unit in units:
        (installed / unit.name).write_text(corrected(unit.name, installed))
    if not verify:
        for unit in units:
            lines = [line for line in unit.read_text().splitlines() if line and not line.startswith("#")]
            assert all(re.fullmatch(r"\[\w+\]|\w+=.+", line) for line in lines), unit
        return
    found = subprocess.run(
        [verify, "verify", "--man=no", *(installed / unit.name for unit in units)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, [line for line in found.stderr.splitlines() if str(installed) in line]) == (0, [])


def test_a_missed_night_is_caught_up_and_the_hours_are_the_settings(installed: Path) -> None:
    for name, hour in (("parcours.timer", 2), ("parcours-late.timer", 2 + 4)):
        timer = (UNITS / name).read_text()
        assert "\nPersistent=true\n" in timer and f"OnCalendar=*-*-* {hour:02}:00:00 " in timer


@pytest.mark.nights  # runs of a whole shop, a minute
def test_the_commands_of_units_and_crontab_run_and_are_recorded(installed: Path) -> None:
    shop_folder = installed / "shop"
    crontab = corrected("crontab", installed).splitlines()
    night, reboot, late = (line for line in crontab if line[:1] in "0@")
    assert night.removeprefix("0 2 * * * ") == reboot.removeprefix("@reboot sleep 60 && ")
    unit = re.search(r"ExecStart=(.*)", corrected("parcours.service", installed))
    assert unit and unit[1].removeprefix(f"{installed / 'opt'}/") in night

    def run(line: str) -> subprocess.CompletedProcess[str]:
        # As cron does: a bare shell, and next to nothing in the environment.
        command = re.sub(r"^[0-9*]+ [0-9*]+ \S+ \S+ \S+ ", "", line)
        bare = {"HOME": str(installed), "PATH": os.defpath, "SHELL": "/bin/sh"}
        return subprocess.run(["/bin/sh", "-c", command], env=bare, capture_output=True, text=True, check=False)

    from parcours.project import load_project

    shop = load_project(shop_folder / "journey.yaml", output=shop_folder)
    assert run(night).returncode == 1, "an empty folder is an alarm"
    assert run(late).returncode == 1
    add_day(shop, 0)
    assert run(night).returncode == 0
    assert run(late).returncode == 0
    for _ in range(2):
        again = run(night.replace("--quiet ", ""))
        assert "Nothing has changed since the run of" in again.stdout, "writing the record does not count as a change"
    records = read_records(shop)
    assert [record.outcome for record in records] == ["alarm", "report", "nothing new", "nothing new"]
    assert {record.by for record in records} == {"night"}
    assert [one.title for one in records[1].over] == [one.title for one in records[0].troubles]
