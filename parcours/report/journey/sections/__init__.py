"""The sections of the journey page, a module each: its `sections()`, and its PLACE among the others.

A module that is put here is on the page. It holds all of its section: words, charts, tables.
"""
