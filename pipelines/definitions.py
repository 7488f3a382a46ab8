"""What `dagster dev` and the nightly run serve: the shop of PARCOURS_JOURNEY, else the checkout's own."""

from pipelines.code_location import build_defs
from pipelines.project import load_project

defs = build_defs(load_project())
