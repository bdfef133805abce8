"""The steps that may change or refuse a write, in one visible order."""

from collections.abc import Callable

from fairway.apiserver.admission.namespace_lifecycle import namespace_lifecycle
from fairway.apiserver.cache import Cache
from fairway.apiserver.call import Call
from fairway.objects import Object

Step = Callable[[Call, Object, Cache], None]

STEPS: tuple[Step, ...] = (namespace_lifecycle,)


def admit(call: Call, new: Object, cache: Cache) -> None:
    """Take every step.  Raises: ``StatusError``, mostly 403."""
    for step in STEPS:
        step(call, new, cache)
