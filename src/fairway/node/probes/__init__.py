"""Probes: how the agent finds out whether a container has started, is alive and is ready."""
