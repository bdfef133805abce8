"""Client over HTTP/1.1: connections kept and shared, watches streamed.  Knows no particular kind and no store."""

from fairway.client.http.client import HttpClient

__all__ = ["HttpClient"]
