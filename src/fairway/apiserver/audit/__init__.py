"""Audit: who asked for what and what was answered, one JSON object a line, in upstream's form.

Shape: ``Audit.begin`` makes the ``Record`` of a request, or ``None`` where the policy wants nothing of it; ``started``
and ``completed`` write its further stages.  What is secret is never written in full, whatever the policy says.
Source: Kubernetes docs, "Auditing"; API reference "kube-apiserver Audit Configuration (v1)".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fairway.apiserver.audit.events import CLEAR, event
from fairway.apiserver.audit.policy import METADATA, NONE, Policy, Rule
from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import Call, User
from fairway.transport.interface import Answer, RawConnection, Request, Response, Stream, TakeOver

RECEIVED, STARTED, COMPLETE = "RequestReceived", "ResponseStarted", "ResponseComplete"
_LASTING = frozenset({"attach", "exec", "log", "portforward", "proxy"})
"""Subresources whose answers may last: their beginning is told, however soon they end."""
Write = Callable[[bytes], None]


@dataclass(slots=True)
class Record:
    """One request that is audited."""

    id: str
    rule: Rule
    level: str
    request: Request
    user: User
    impersonated: User | None
    asked: Asked
    version: str
    received_s: float
    call: Call | None = field(default=None)
    reason: str = ""
    """Why it was allowed: which binding."""
    constraint: str = ""
    """The right by which one acts as another, where it is a constrained one."""
    notes: dict[str, str] = field(default_factory=dict)
    """Of how who asks came."""


class Audit:
    """One for a server."""

    def __init__(self, policy: Policy, write: Write, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._write = write
        self._clock = clock

    def begin(
        self, id_: str, request: Request, users: Sequence[User], asked: Asked, version: str, received_s: float
    ) -> Record | None:
        """``users``: who asks and, where that is another, as whom."""
        rule = self._policy.rule(users[0], asked)
        if rule is None or rule.level == NONE:
            return None
        level = METADATA if (asked.group, asked.resource) in CLEAR else rule.level
        impersonated = users[1] if len(users) > 1 else None
        record = Record(id_, rule, level, request, users[0], impersonated, asked, version, received_s)
        self._tell(record, RECEIVED, received_s, None, 0)
        return record

    def started(self, record: Record, code: int) -> None:
        """The answer begins, and may last."""
        self._tell(record, STARTED, self._clock(), None, code)

    def completed(self, record: Record, code: int, answer: Response | None = None) -> None:
        """The answer is over."""
        self._tell(record, COMPLETE, self._clock(), answer, code)

    def answered(self, record: Record, call: Call | None, answer: Answer, code: int) -> None:
        """An answer was made: it is over, or it begins; then its end is told when it comes."""
        record.call = call
        match answer:
            case Response():
                if record.asked.verb == "watch" or record.asked.subresource in _LASTING:
                    self.started(record, code)
                self.completed(record, code, answer)
            case Stream():
                self.started(record, code)
                closed = answer.closed

                def over() -> None:
                    closed()
                    self.completed(record, code)

                answer.closed = over
            case TakeOver():
                self.started(record, code)
                run = answer.run

                async def to_the_end(raw: RawConnection) -> None:
                    try:
                        await run(raw)
                    finally:
                        self.completed(record, code)

                answer.run = to_the_end

    def _tell(self, record: Record, stage: str, now_s: float, answer: Response | None, code: int) -> None:
        if stage not in record.rule.omitted_stages:
            self._write(event(record, stage, now_s, answer, code))
