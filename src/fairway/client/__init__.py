"""Clients of the Kubernetes API, over HTTP or in process, behind one interface."""
