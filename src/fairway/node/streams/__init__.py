"""Streams: exec, attach and port-forward over WebSocket and SPDY/3.1.  Codecs here are pure; nothing knows the API."""
