"""Blocking: the API's caller for a program that does one thing and ends, the command line.

Shape: ``Api(access)`` sends requests over one kept connection (``api.py``), ``Connection`` speaks HTTP/1.1
(``connection.py``), ``WebSocket`` carries streams (``web_socket.py``).  No event loop: a process that lives for 50 ms
has no time for one.
"""

from fairway.client.blocking.api import JSON, MERGE_PATCH, STRATEGIC_PATCH, Api
from fairway.client.blocking.errors import ApiError, Unreachable

__all__ = ["JSON", "MERGE_PATCH", "STRATEGIC_PATCH", "Api", "ApiError", "Unreachable"]
