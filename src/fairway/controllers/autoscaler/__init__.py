"""Autoscalers keep a workload between its smallest and its largest number of pods."""

from fairway.controllers.autoscaler.reconcile import AUTOSCALERS

__all__ = ["AUTOSCALERS"]
