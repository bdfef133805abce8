"""Asking: what a user's words mean: the caller in ``--from`` and in the query of the API."""

from fairway.why.facts import Caller
from fairway.why.names import is_address

FROM = "pod/NAME, NAMESPACE/pod/NAME, node/NAME, outside, or an IP address outside"
_PODS, _NODES = ("pod", "pods", "po"), ("node", "nodes", "no")


def caller(text: str, namespace: str) -> Caller | None:
    """Who calls; ``None`` for no one in particular.  Raises: ``ValueError`` with what is expected."""
    if not text:
        return None
    if text == "outside":
        return Caller("outside")
    if is_address(text.removeprefix("outside/")):
        return Caller("outside", address=text.removeprefix("outside/"))
    parts = text.split("/")
    if len(parts) == 3 and parts[1] in _PODS and parts[0] and parts[2]:
        return Caller("pod", parts[2], parts[0])
    if len(parts) == 2 and parts[0] in _PODS and parts[1]:
        return Caller("pod", parts[1], namespace)
    if len(parts) == 2 and parts[0] in _NODES and parts[1]:
        return Caller("node", parts[1])
    raise ValueError(f'"{text}" is no place to call from: use {FROM}')
