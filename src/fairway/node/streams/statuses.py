"""Statuses: what the error stream of exec and attach says at the end.  Pure.

Source: services.md 11.9; the texts are upstream's, which kubectl and client libraries read.
"""

import orjson

from fairway.objects import Object

SUCCESS: Object = {"metadata": {}, "status": "Success"}


def exit_status(code: int) -> Object:
    """The Status of a command that ended with ``code``."""
    if code == 0:
        return SUCCESS
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def failure_status(message: str) -> Object:
    """The Status of a command that could not be run."""
    text = f"Internal error occurred: {message}"
    return {
        "metadata": {},
        "status": "Failure",
        "message": text,
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }


def encoded(status: Object, *, is_plain: bool) -> bytes:
    """The status for the error stream; ``is_plain`` for protocols before version 4, which know text only."""
    if not is_plain:
        return orjson.dumps(status)
    return b"" if status["status"] == "Success" else str(status["message"]).encode()
