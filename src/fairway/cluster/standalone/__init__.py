"""Standalone: the Service proxy and cluster DNS as programs of their own, against any Kubernetes API server."""
