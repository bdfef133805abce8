"""Quota: what objects take of a namespace's ResourceQuotas, and whether there is enough left.

Shape: ``usage``, ``scopes`` and ``judge`` are pure; ``charging`` stores an object together with what it takes,
in one commit; ``upkeep`` counts anew whenever something else changes.
Source: Kubernetes docs, "Resource Quotas".
"""
