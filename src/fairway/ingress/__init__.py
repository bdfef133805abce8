"""The Ingress controller: hosts and paths of HTTP lead to Services.

Shape: pure modules say what an Ingress means (``classes``, ``routes``, ``upstreams``, ``certificates``, ``inventory``);
``ingress`` follows the API and drives an engine (``engine``), of which ``haproxy/`` is one; ``reports`` tells users.
"""
