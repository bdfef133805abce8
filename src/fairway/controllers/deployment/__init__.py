"""Deployments roll their pods from one template to the next by way of ReplicaSets."""

from fairway.controllers.deployment.reconcile import DEPLOYMENTS

__all__ = ["DEPLOYMENTS"]
