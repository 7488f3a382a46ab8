"""What `dagster dev` and the nightly run serve: the shop of PARCOURS_JOURNEY, else the checkout's own."""

from parcours.project import load_project
from pipelines.code_location import build_defs

defs = build_defs(load_project())
