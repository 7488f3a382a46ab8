"""Files to `raw.*` (each row loaded, a duplicate, or rejected with its reason), journey.yaml to `settings.*`."""
