"""The API server: HTTP in, one write path, watches out.  Imports neither client nor reconcile."""
