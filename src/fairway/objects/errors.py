"""Errors in Kubernetes' own form: field problems and the Status object.

Shape: a ``Problem`` is one broken rule at one field; a ``StatusError`` is a failed request.
Source: Kubernetes API conventions, "Response Status Kind", and the texts that clients match on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from fairway.objects import Object


class _Nil:
    """See ``NIL``."""


NIL = _Nil()
"""A list or map that is not there, shown as ``null``; anything else that is not there is shown in quotes."""


def render_value(value: Any) -> str:
    """Show ``value`` as upstream's field errors do: strings quoted, numbers bare, the rest compact JSON."""
    if value is NIL:
        return "null"
    if type(value) is int:
        return str(value)  # orjson refuses what has more than 64 bits
    return '"null"' if value is None else orjson.dumps(value).decode()


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: ``path`` as ``spec.ports[0].name``, ``reason`` as ``FieldValueInvalid``, and its text.

    ``is_warning``: it was broken before and is not touched, so that it is told but refuses nothing.
    """

    path: str
    reason: str
    detail: str
    is_warning: bool = False

    @property
    def text(self) -> str:
        """The problem as it stands in a message: ``path: detail``."""
        return f"{self.path}: {self.detail}"


MAX_PROBLEMS, MAX_PROBLEMS_BYTES = 250, 512 * 1024
"""More is shown to nobody: one body can break a rule a million times, and each text may show the whole body."""


def first(problems: Iterable[Problem]) -> list[Problem]:
    """As many as an answer holds; the last one says so if there are more, which are not looked for."""
    found: list[Problem] = []
    size_bytes = 0
    for problem in problems:
        if len(found) == MAX_PROBLEMS or size_bytes > MAX_PROBLEMS_BYTES:
            detail = f"Too many problems: only the first {len(found)} are shown"
            return [*found, Problem("<object>", "FieldValueTooMany", detail)]
        found.append(problem)
        size_bytes += len(problem.path) + len(problem.detail)
    return found


def required(path: str, detail: str = "") -> Problem:
    """A value must be given."""
    return Problem(path, "FieldValueRequired", "Required value" + (f": {detail}" if detail else ""))


def invalid_value(path: str, value: Any, detail: str) -> Problem:
    """The value breaks a rule that ``detail`` states."""
    return Problem(path, "FieldValueInvalid", f"Invalid value: {render_value(value)}: {detail}")


def not_supported(path: str, value: Any, supported: Sequence[str]) -> Problem:
    """The value is not one of ``supported``, which is shown in the order given."""
    names = ", ".join(f'"{name}"' for name in supported)
    return Problem(
        path, "FieldValueNotSupported", f"Unsupported value: {render_value(value)}: supported values: {names}"
    )


def duplicate(path: str, value: Any) -> Problem:
    """The value stands elsewhere too, where it must be unique."""
    return Problem(path, "FieldValueDuplicate", f"Duplicate value: {render_value(value)}")


def forbidden_value(path: str, detail: str) -> Problem:
    """The field may not be used here."""
    return Problem(path, "FieldValueForbidden", f"Forbidden: {detail}")


def too_long(path: str, limit_bytes: int) -> Problem:
    """The text is longer than ``limit_bytes``."""
    return Problem(path, "FieldValueTooLong", f"Too long: may not be more than {limit_bytes} bytes")


def too_many(path: str, count: int, limit: int) -> Problem:
    """The list holds more than ``limit`` items."""
    return Problem(path, "FieldValueTooMany", f"Too many: {count}: must have at most {limit} items")


def not_found_value(path: str, value: Any) -> Problem:
    """The value names something that does not exist."""
    return Problem(path, "FieldValueNotFound", f"Not found: {render_value(value)}")


_WITH_EMPTY_DETAILS = frozenset(
    {"NotFound", "MethodNotAllowed", "Invalid", "Forbidden", "Conflict", "AlreadyExists", "UnsupportedMediaType"}
)
"""Reasons whose Status shows ``details`` even where they say nothing; all others leave empty ones out."""


@dataclass(slots=True)
class StatusError(Exception):
    """A failed API request: the one error that the API's user sees.

    ``code`` is the HTTP status, ``reason`` Kubernetes' word for it, ``details`` the Status' details.
    """

    code: int
    reason: str
    message: str
    details: Object = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message

    @property
    def retry_after_s(self) -> int | None:
        """What the ``Retry-After`` header should say, in seconds."""
        seconds: int | None = self.details.get("retryAfterSeconds")
        return seconds

    def status(self) -> Object:
        """The Status object as on the wire."""
        status: Object = {
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": self.message,
        }  # fmt: skip
        if self.reason:
            status["reason"] = self.reason
        if self.details or self.reason in _WITH_EMPTY_DETAILS:
            status["details"] = self.details
        status["code"] = self.code
        return status

    @classmethod
    def from_status(cls, status: Object, code: int = 500) -> "StatusError":
        """Read back what a server sent."""
        return cls(
            int(status.get("code") or code), status.get("reason") or "",
            status.get("message") or "", status.get("details") or {},
        )  # fmt: skip


def _details(name: str | None, group: str, kind: str, **more: Any) -> Object:
    details: Object = {"name": name} if name else {}
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details.update(more)
    return details


def resource_text(group: str, plural: str) -> str:
    """``services`` for the core group, ``deployments.apps`` for others."""
    return f"{plural}.{group}" if group else plural


def not_found(group: str, plural: str, name: str) -> StatusError:
    """404: the named object does not exist."""
    return StatusError(
        404, "NotFound", f'{resource_text(group, plural)} "{name}" not found', _details(name, group, plural)
    )


def no_such_resource() -> StatusError:
    """404: the URL names no resource that is served."""
    return StatusError(404, "NotFound", "the server could not find the requested resource")


def already_exists(
    group: str, plural: str, name: str, *, generated: bool = False, is_deleting: bool = False
) -> StatusError:
    """409: create of a name that is taken, perhaps by what is going."""
    beginning = "object is being deleted: " if is_deleting else ""
    tail = ", the server was not able to generate a unique name for the object" if generated else ""
    return StatusError(
        409, "AlreadyExists", f'{beginning}{resource_text(group, plural)} "{name}" already exists{tail}',
        _details(name, group, plural),
    )  # fmt: skip


STALE = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(group: str, plural: str, name: str, why: str = STALE) -> StatusError:
    """409: the object is not what the writer thought it was."""
    return StatusError(
        409, "Conflict",
        f'Operation cannot be fulfilled on {resource_text(group, plural)} "{name}": {why}',
        _details(name, group, plural),
    )  # fmt: skip


def invalid(group: str, kind: str, name: str, problems: Iterable[Problem]) -> StatusError:
    """422: every broken rule of one object; equal texts stand once in the message, all in the causes."""
    found = first(problems)
    texts = list(dict.fromkeys(problem.text for problem in found))
    shown = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    causes = [{"reason": p.reason, "message": p.detail, "field": p.path} for p in found]
    return StatusError(
        422, "Invalid", f'{resource_text(group, kind)} "{name}" is invalid: {shown}',
        _details(name, group, kind, causes=causes),
    )  # fmt: skip


def bad_request(message: str) -> StatusError:
    """400: the request itself is malformed."""
    return StatusError(400, "BadRequest", message)


def unauthorized() -> StatusError:
    """401: no or wrong credentials."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def forbidden(group: str, plural: str, name: str, why: str, **details: Any) -> StatusError:
    """403: a known user may not do this; ``why`` ends the sentence."""
    shown = f'{resource_text(group, plural)} "{name}"' if name else resource_text(group, plural)
    return StatusError(403, "Forbidden", f"{shown} is forbidden: {why}", _details(name, group, plural, **details))


def method_not_allowed(
    message: str = "the server does not allow this method on the requested resource",
) -> StatusError:
    """405: the resource exists but not with this verb."""
    return StatusError(405, "MethodNotAllowed", message)


def not_acceptable(media_types: Sequence[str]) -> StatusError:
    """406: no common representation."""
    return StatusError(406, "NotAcceptable", f"only the following media types are accepted: {', '.join(media_types)}")


def expired(message: str) -> StatusError:
    """410: the revision asked for is gone; list again."""
    return StatusError(410, "Expired", message)


def too_large(limit_bytes: int) -> StatusError:
    """413: the body is larger than ``limit_bytes``."""
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit_bytes}")


def too_many_requests(message: str, retry_after_s: int = 1) -> StatusError:
    """429: try again later."""
    return StatusError(429, "TooManyRequests", message, {"retryAfterSeconds": retry_after_s})


def internal(message: str) -> StatusError:
    """500: our fault; the raw error stands in the causes."""
    return StatusError(500, "InternalError", f"Internal error occurred: {message}", {"causes": [{"message": message}]})


def no_space() -> StatusError:
    """500: there are as many objects as may be; as upstream says it of its etcd."""
    return StatusError(500, "", "etcdserver: mvcc: database space exceeded")


def unavailable(message: str) -> StatusError:
    """503: not now."""
    return StatusError(503, "ServiceUnavailable", message)


def timeout(message: str, **details: Any) -> StatusError:
    """504: it took too long."""
    return StatusError(504, "Timeout", f"Timeout: {message}", dict(details))
