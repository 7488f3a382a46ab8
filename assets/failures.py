"""A trouble as Dagster shows it: the failure of its step, cause and remedy first; and reading it from there again.

Not here: what the trouble is (`parcours/troubles.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import dagster as dg
from dagster import DagsterEvent

from parcours.engine.checks import Finding
from parcours.troubles import FAULT, Trouble, error_trouble, trouble_of
from parcours.warehouse.connection import WarehouseBusy


@contextmanager
def naming_the_trouble() -> Iterator[None]:
    """What is raised inside becomes the failure of the step. Only a busy warehouse is worth another try."""
    try:
        yield
    except (dg.Failure, dg.RetryRequested):
        raise
    except Exception as error:
        trouble = trouble_of(error)
        told = failure([trouble], allow_retries=isinstance(error, WarehouseBusy))
        # Where the error came from helps only whoever mends Parcours.
        raise told from (error if trouble.to_do == FAULT else None)


def stop_if_failed(findings: Sequence[Finding]) -> None:
    """Fail the step with its failed checks' rows and remedies; Dagster itself would only say how many have failed.

    Raises:
        dg.Failure: a blocking check has failed.
    """
    if troubles := [trouble_of(found) for found in findings if found.verdict == "failed"]:
        raise failure(troubles)


def failure(troubles: Sequence[Trouble], allow_retries: bool = False) -> dg.Failure:
    """The failure of a step: its description is what the run's page shows first."""
    return dg.Failure(
        "\n".join(line for trouble in troubles for line in trouble.lines()),
        metadata={"troubles": dg.MetadataValue.json([asdict(trouble) for trouble in troubles])},
        allow_retries=allow_retries,
    )


def troubles_of(events: Sequence[DagsterEvent]) -> list[Trouble]:
    """What stopped a run, from its events; of what no code of ours named, what is left of the exception."""
    failed = [event for event in events if event.is_step_failure]
    if not failed:
        # Before the first step: the run has not got its turn, or no journey.yaml.
        failed = [event for event in events if event.event_type == dg.DagsterEventType.RESOURCE_INIT_FAILURE]
    return list({trouble.id: trouble for event in failed for trouble in _troubles_in(event)}.values())


def _troubles_in(event: DagsterEvent) -> list[Trouble]:
    told = event.step_failure_data.user_failure_data if event.is_step_failure else None
    if told and "troubles" in told.metadata:
        return [Trouble(**trouble) for trouble in told.metadata["troubles"].value]  # type: ignore[union-attr,arg-type]
    error = getattr(event.event_specific_data, "error", None)
    while error and error.cause:
        error = error.cause
    if not error:
        return [error_trouble("Failure", event.message or f"{event.step_key} failed")]
    kind = error.cls_name or "Exception"
    message = re.sub(rf"^([\w.]+\.)?{re.escape(kind)}: ", "", error.message)
    return [error_trouble(kind, message, event.step_key or "")]
