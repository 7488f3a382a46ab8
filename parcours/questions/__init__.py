"""What an analyst asks: a figure as one line in a notebook, each answer with its SQL, its definition and its chart.

`answer`: what comes back. `steps`: how a funnel is said. `log`: any table of events, whatever holds it. `funnel`: the
question itself. Not here: the tables of a run (`parcours.tables`), nor the pages (`parcours.report`).
"""
