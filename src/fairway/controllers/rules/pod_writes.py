"""PodWrites: make and delete the pods of an owner, and tell each in an Event of the owner."""

import asyncio
from collections.abc import Sequence

from fairway.controllers.rules.refusals import is_namespace_leaving
from fairway.kinds import POD
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import Cluster

FIRST_BATCH = 1


class Refused(Exception):
    """Some writes were refused; ``reason`` and ``message`` are for the owner's status, ``cause`` is the answer."""

    def __init__(self, reason: str, cause: StatusError) -> None:
        super().__init__(str(cause))
        self.reason = reason
        self.message = str(cause)
        self.cause = cause


async def make(kind: Kind, owner: Object, pods: Sequence[Object], cluster: Cluster) -> None:
    """Create ``pods`` in batches of 1, 2, 4...: if the first is refused, the others need not be tried.

    Raises: ``Refused``.
    """
    size, done = FIRST_BATCH, 0
    while batch := pods[done : done + size]:
        answers = await asyncio.gather(*(cluster.create(POD, pod) for pod in batch), return_exceptions=True)
        failure: BaseException | None = None
        for answer in answers:
            if isinstance(answer, BaseException):
                failure = answer
                continue
            text = f"Created pod: {answer['metadata']['name']}"
            cluster.event(kind, owner, "Normal", "SuccessfulCreate", text)
        if failure is not None:
            _refuse(kind, owner, "FailedCreate", "Error creating", failure, cluster)
            return
        done += size
        size *= 2


async def drop(kind: Kind, owner: Object, pods: Sequence[Object], cluster: Cluster) -> None:
    """Delete ``pods``.  Raises: ``Refused``."""
    answers = await asyncio.gather(*(cluster.delete(POD, pod) for pod in pods), return_exceptions=True)
    failure: BaseException | None = None
    for pod, answer in zip(pods, answers, strict=True):
        if isinstance(answer, BaseException):
            failure = answer
        else:
            text = f"Deleted pod: {pod['metadata']['name']}"
            cluster.event(kind, owner, "Normal", "SuccessfulDelete", text)
    if failure is not None:
        _refuse(kind, owner, "FailedDelete", "Error deleting", failure, cluster)


def _refuse(kind: Kind, owner: Object, reason: str, what: str, failure: BaseException, cluster: Cluster) -> None:
    """Raises: ``Refused``, unless the whole namespace is going."""
    if not isinstance(failure, StatusError):
        raise failure
    if is_namespace_leaving(failure):
        return
    cluster.event(kind, owner, "Warning", reason, f"{what}: {failure}")
    raise Refused(reason, failure)
