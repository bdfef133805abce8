"""HTTP/1.1 over TLS as this house listens: what the API server and the node agent stand on.

Knows bytes, headers and connections; knows no objects, kinds or verbs.
"""
