"""Deciding: a condition is put on a CertificateSigningRequest, once.

Source: what ``kubectl certificate`` does and says; Kubernetes docs, "Certificate Signing Requests".
"""

import sys

from fairway.cli.arguments import FILE_FLAGS, targets
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import Writing
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | NAME...)"
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    Flag("force", type="bool", help="say it although it was said before"),
)
_TRIES = 10
_OTHER = {"Approved": "Denied", "Denied": "Approved"}


def decide(call: "Call", condition: str, word: str) -> int:
    """Put ``condition`` on every request.  ``word``: what is told."""
    if not (call.words or call.flags.filename or call.flags.kustomize):
        raise Failure("one or more CSRs must be specified as <name> or -f <filename>")
    writing = Writing(call)
    failures = Gathered()
    words = [name if "/" in name else f"certificatesigningrequests/{name}" for name in call.words]
    for target in targets(call, words, failures=failures):
        with failures:
            writing.told(_decided(call, target, condition, word), word)
    sys.stdout.flush()
    raise_all(failures)
    return 0


def _decided(call: "Call", target: "Target", condition: str, word: str) -> "dict[str, Any]":
    api = call.session.api
    for tries_left in range(_TRIES, 0, -1):
        found = target.fetch(api)
        if found.get("kind") != "CertificateSigningRequest":
            raise Failure(f"can only {word} certificate signing requests")
        changed = with_condition(found, condition, word, is_forced=call.flags.force)
        if changed is None:
            return found
        try:
            api.replace(target.below("approval"), changed)
            return found
        except ApiError as error:
            if error.reason != "Conflict" or tries_left == 1:
                raise
    raise AssertionError("the last try returns or raises")


def with_condition(
    found: "dict[str, Any]", condition: str, word: str, *, is_forced: bool = False
) -> "dict[str, Any] | None":
    """The request with the condition; ``None`` if it has it already.  Raises: ``Failure`` for one decided otherwise."""
    from datetime import UTC, datetime

    status = found.get("status") or {}
    conditions = list(status.get("conditions") or ())
    types = [each["type"] for each in conditions]
    if (other := _OTHER[condition]) in types:
        raise Failure(f'certificate signing request "{found["metadata"]["name"]}" is already {other}')
    if condition in types and not is_forced:
        return None
    verb = "Approve" if condition == "Approved" else "Deny"
    made = {
        "type": condition, "status": "True", "reason": f"Kubectl{verb}",
        "message": f"This CSR was {word} by kubectl certificate {verb.lower()}.",
        "lastUpdateTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    kept = [each for each in conditions if each["type"] != condition]
    return {**found, "status": {**status, "conditions": [*kept, made]}}
