"""Token request: which service-account tokens a pod's volumes ask for, and when they are due for renewal.  Pure.

Source: Kubernetes docs, "Projected Volumes", "serviceAccountToken"; KEP-1205.
"""

from collections.abc import Iterator
from typing import NamedTuple

from fairway.objects import Object

DEFAULT_S = 3600
RENEWED_PART = 0.8
LONGEST_USED_S = 24 * 3600.0
"""A token is renewed after a day, however long it lasts."""
JITTER_S = 10.0


class TokenAsked(NamedTuple):
    """What a volume wants of a token; no audience is the API server's own."""

    audience: str
    lasts_s: int


def token_asked(source: Object) -> TokenAsked:
    """What one ``serviceAccountToken`` source wants."""
    return TokenAsked(source.get("audience") or "", source.get("expirationSeconds") or DEFAULT_S)


def tokens_asked(volume: Object) -> Iterator[TokenAsked]:
    """What a volume wants."""
    for source in (volume.get("projected") or {}).get("sources") or []:
        if "serviceAccountToken" in source:
            yield token_asked(source["serviceAccountToken"])


def token_request(pod: Object, asked: TokenAsked) -> Object:
    """The TokenRequest, bound to the pod."""
    metadata = pod["metadata"]
    bound = {"kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"]}
    spec: Object = {"expirationSeconds": asked.lasts_s, "boundObjectRef": bound}
    if asked.audience:
        spec["audiences"] = [asked.audience]
    return {
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"namespace": metadata["namespace"]}, "spec": spec,
    }  # fmt: skip


def renewal_s(issued_s: float, ends_s: float, chance: float) -> float:
    """When to ask for the next one.  ``chance`` between 0 and 1 spreads those that were issued together."""
    used_s = min((ends_s - issued_s) * RENEWED_PART, LONGEST_USED_S)
    return issued_s + max(0.0, used_s - chance * min(JITTER_S, used_s / 10))
