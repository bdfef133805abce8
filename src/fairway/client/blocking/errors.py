"""Errors: what a request can end with instead of an answer."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ApiError(Exception):
    """The API server refused; ``status`` is its Status object, made up from the code if it sent none."""

    def __init__(self, status: "dict[str, Any]") -> None:
        self.status = status
        super().__init__(self.message)

    @property
    def code(self) -> int:
        """The HTTP status code."""
        return int(self.status.get("code") or 0)

    @property
    def reason(self) -> str:
        """``NotFound``, ``AlreadyExists``, ``Conflict``, ``Invalid``, ..."""
        return str(self.status.get("reason") or "")

    @property
    def message(self) -> str:
        """What the server said."""
        return str(self.status.get("message") or "")

    @property
    def is_not_found(self) -> bool:
        """Whether there is no such object."""
        return self.reason == "NotFound"


class Unreachable(Exception):
    """There is no answer: no connection, no trust, no time; the text is kubectl's."""


_GENERIC = {
    400: ("BadRequest", "the server rejected our request for an unknown reason"),
    401: ("Unauthorized", "the server has asked for the client to provide credentials"),
    403: ("Forbidden", "forbidden"),
    404: ("NotFound", "the server could not find the requested resource"),
    405: ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
    406: ("NotAcceptable", "the server was unable to respond with a content type that the client supports"),
    409: ("Conflict", "the server reported a conflict"),
    410: ("Gone", "the server has asked for the client to provide credentials"),
    415: ("UnsupportedMediaType", "the server was unable to respond with a content type that the client supports"),
    422: ("Invalid", "the server rejected our request due to an error in our request"),
    429: ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: (
        "Timeout",
        "the server was unable to return a response in the time allotted, but may still be processing the request",
    ),
}  # fmt: skip


def generic_status(code: int, text: str) -> "dict[str, Any]":
    """The Status that a client makes of an answer that carries none.  Pure."""
    reason, message = _GENERIC.get(
        code, ("", f"the server responded with the status code {code} but did not return more information")
    )
    if code == 403 and text:
        message = text
    elif code >= 500 and code not in _GENERIC:
        reason = "InternalError"
        message = f'an error on the server ("{text or "unknown"}") has prevented the request from succeeding'
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason,
        "details": {"causes": [{"reason": "UnexpectedServerResponse", "message": text or "unknown"}]}, "code": code,
    }  # fmt: skip
