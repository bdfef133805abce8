"""The doctor: what of this machine and of a cluster is in order, what will be in the way, and how to cure it.

Shape: one module a group.  ``look(scene)`` collects ``Facts`` and decides nothing; ``CHECKS`` are pure functions, facts
in, findings out, named as their findings are.  ``examination`` knows the groups and runs them.
"""
