"""Watched caches, the work queue and the loop that runs a controller.  Knows the API only through a client."""
