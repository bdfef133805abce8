"""Why: whether a Service works, what keeps each pod out of it, and what a caller runs into.

Shape: ``gather`` says step by step what to look at (``Look``), a driver answers (``Seen``): from the API server's
cache, or over HTTP with nothing but get and list.  ``explain`` makes an ``Answer`` of the ``Facts``.
Rules for those who change it: pure; imports no kinds and no heavy module, as the command line loads it at every call.
Source: Kubernetes docs, "Debug Services", turned from a list of things to try into an answer.
"""
