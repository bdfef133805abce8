"""Aggregation: groups and versions of the API that other servers answer for.

Shape: ``local`` (pure) says which APIServices there are for what is served here; ``target`` (pure) finds the server
behind an APIService; ``availability`` asks it; ``Aggregation`` keeps both, and the APIServices of custom kinds;
``forwarding`` passes requests on.
Source: Kubernetes docs, "Kubernetes API Aggregation Layer", "Configure the Aggregation Layer".
"""

from fairway.apiserver.aggregation.aggregation import Aggregation

__all__ = ["Aggregation"]
