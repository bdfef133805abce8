"""Disruption budgets say how many of their pods may be moved just now."""

from fairway.controllers.disruption.reconcile import DISRUPTION_BUDGETS

__all__ = ["DISRUPTION_BUDGETS"]
