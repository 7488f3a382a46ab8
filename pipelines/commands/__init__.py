"""The commands of `parcours`, a module each; `pipelines/__main__.py` reads their arguments."""
