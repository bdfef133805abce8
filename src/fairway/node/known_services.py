"""Known Services: what a node remembers of each, for its pods' variables and for the ports that will be called.

Shape: ``remembered`` packs, ``recalled`` unpacks; a few hundred bytes for each of all the Services there are.  Pure.
"""

import orjson

from fairway.objects import Object

_META = ("namespace", "name", "creationTimestamp")
_SPEC = ("type", "clusterIP", "selector", "ports")


def remembered(service: Object) -> bytes:
    """What of a Service's spec is asked for, and the metadata that it is found and sorted by."""
    meta = {key: service["metadata"].get(key) or "" for key in _META}
    spec = {key: value for key in _SPEC if (value := service["spec"].get(key)) is not None}
    packed = orjson.dumps({"metadata": meta, "spec": spec})
    return bytes(memoryview(packed))  # orjson's own result holds four kilobytes, however short it is


def recalled(memory: bytes) -> Object:
    """The Service, as far as it is remembered."""
    found: Object = orjson.loads(memory)
    return found
