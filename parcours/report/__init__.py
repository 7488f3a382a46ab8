"""The report: self-contained pages made from the published tables, `reports/journey.html` and `reports/quality.html`.

`figures.py` reads the rows of queries, `numbers.py` writes numbers, `drawing.py` and `section.py` are what charts and
sections are made of, and `page.py` writes a page. Each page has a folder of its own, `journey/` and `quality/`, with
its queries and words. Not here: what a figure means (`sql/metrics/`), nor the Dagster assets (`assets/reports.py`).
"""
