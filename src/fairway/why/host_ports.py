"""Host ports: the ports of Fairway's machine that an annotation of a Service asks for."""

from collections.abc import Sequence

from fairway.objects import Object
from fairway.why.facts import meta

_ANNOTATION = "fairway.dev/host-ports"


def host_ports(service: Object) -> Sequence[tuple[str, int]]:
    """(address, port) of the machine; the address is empty for all.  What cannot be read has no effect."""
    text = (meta(service).get("annotations") or {}).get(_ANNOTATION)
    if not text:
        return ()
    from fairway.kinds.rules.host_ports import parse  # not needed by most, and slow to load

    try:
        return [(each.address, each.host_port) for each in parse(text)]
    except ValueError:
        return ()
