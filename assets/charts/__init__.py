"""What the Dagster UI shows of a table's figures: a chart, the numbers to plot over runs, and its first rows.

A chart is a select of the same name as its table: rows of name, value, low, high, and a header that says its title, its
unit and which row the title is of. Not here: pages and notebooks, which have charts of their own.
"""
