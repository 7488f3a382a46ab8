"""The journey report: where customers struggle, with the evidence."""
