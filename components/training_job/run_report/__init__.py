"""The report of a lineage: one page of HTML, which needs nothing else to be read.

What it shows is computed by pure functions, from what the service and the log say (`contents`).
"""
