"""What `dagster dev` and the nightly run serve: the shop of PARCOURS_JOURNEY, else the checkout's own.

They load also where journey.yaml is wrong, so that the schedule stays: then the run fails with what is wrong in it.
"""

from parcours.project import load_last_good_project, load_project
from pipelines.code_location import build_defs

defs = build_defs(load_last_good_project(), read=load_project, retries=5)
