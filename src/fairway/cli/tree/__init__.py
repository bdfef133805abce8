"""Tree: a Service, and all that makes it work, as one picture in the terminal.

Shape: ``scene.py`` asks the API and gives a ``Scene``; ``service.py``, ``pod.py`` and ``others.py`` turn it into facts,
which ``--json`` prints; ``picture.py`` makes branches of the facts; ``drawing.py`` draws them.  All but ``scene.py``
and ``watching.py`` are pure.
"""
