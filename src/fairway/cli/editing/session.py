"""Session: an editor opened until what it leaves is taken, or nothing is changed."""

import os
import sys

from fairway.cli.editing import bare, edited, with_reasons
from fairway.cli.failure import Failure, Silent, told
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Object = dict[str, Any]


def session(found: "Object", save: "Callable[[Object], None]", subject: str) -> int:
    """Edit ``found`` and ``save`` it, which raises what the server refuses: then the editor is opened again.

    ``subject``: how failures name the object, ``services "web"``.
    """
    from fairway.cli.printers.documents import yaml_text

    original = yaml_text(found)
    text, reasons = original, list[str]()
    while True:
        name, after = edited(with_reasons(reasons) + text)
        if not bare(after).strip():
            return _given_up(name, "Edit cancelled, saved file was empty.", reasons)
        if bare(after) == bare(text):
            return _given_up(name, "Edit cancelled, no changes made.", reasons)
        text = bare(after)
        try:
            save(_parsed(text))
        except (Failure, ApiError) as error:
            reasons = [_reason(error, subject)]
            os.unlink(name)
            continue
        os.unlink(name)
        return 0


def _reason(error: Exception, subject: str) -> str:
    """Say what is wrong; what the file's head says of it when it is opened again."""
    if isinstance(error, ApiError) and error.reason == "Invalid":
        print(f"error: {subject} is invalid", file=sys.stderr)
        causes = (error.status.get("details") or {}).get("causes") or ()
        lines = [f"* {cause.get('field', '')}: {cause.get('message', '')}" for cause in causes]
        return "\n".join((f"{subject} was not valid:", *lines))
    text = told(error)
    if isinstance(error, ApiError):
        text = f"error: {subject} could not be patched: {error}"
        if error.is_not_found:
            text = f"error: {subject} could not be found on the server"
    print(text, file=sys.stderr)
    return text


def _parsed(text: str) -> "Object":
    from fairway.cli.arguments.heads import refused
    from fairway.cli.arguments.manifests import documents

    found = list(documents(text, "edited-file"))
    if len(found) != 1:
        raise Failure("the edited file has more than one object, or none")
    if said := refused(found[0]):
        raise Failure(f'unable to decode "edited-file": {said}')
    edited: Object = found[0]
    return edited


def _given_up(name: str, text: str, reasons: "list[str]") -> int:
    if not reasons:
        os.unlink(name)
        print(text, file=sys.stderr)
        return 0
    print(f'A copy of your changes has been stored to "{name}"', file=sys.stderr)
    print("error: Edit cancelled, no valid changes were saved.", file=sys.stderr)
    raise Silent(1)
