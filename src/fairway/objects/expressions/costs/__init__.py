"""Costs: how much an expression may cost at worst, counted as Kubernetes counts it.

Shape: ``estimate(checked, size_of)`` gives the least and the most.
Source: Kubernetes docs, "Resource use by validation functions".
"""

from fairway.objects.expressions.costs.estimating import SizeOf, estimate
from fairway.objects.expressions.costs.functions import Path
from fairway.objects.expressions.costs.ranges import Range

__all__ = ["Path", "Range", "SizeOf", "estimate"]
