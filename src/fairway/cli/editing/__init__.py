"""Editing: objects in somebody's editor: as YAML, read back, and sent if anything was changed.

Shape: ``edited(text)`` runs the editor that ``KUBE_EDITOR`` or ``EDITOR`` names on ``text`` and gives the file and what
it holds then.
"""

import os
import subprocess
import tempfile

from fairway.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = (
    "# Please edit the object below. Lines beginning with a '#' will be ignored,\n"
    "# and an empty file will abort the edit. If an error occurs while saving this file will be\n"
    "# reopened with the relevant failures.\n"
    "#\n"
)
_DEFAULT = "vi"


def edited(text: str) -> tuple[str, str]:
    """The name of the file, which stays, and what the editor has left in it.  Raises: ``Failure``."""
    descriptor, name = tempfile.mkstemp(prefix="fairway-edit-", suffix=".yaml")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    editor = os.environ.get("KUBE_EDITOR") or os.environ.get("EDITOR") or _DEFAULT
    code = subprocess.run(["sh", "-c", f'{editor} "$1"', "sh", name]).returncode
    if code:
        raise Failure(f"there was a problem with the editor {editor!r}".replace("'", '"'))
    with open(name, encoding="utf-8") as file:
        return name, file.read()


def with_reasons(reasons: "Sequence[str]") -> str:
    """The head of a file that is opened again."""
    if not reasons:
        return HEAD
    lines = [line for reason in reasons for line in reason.splitlines()]
    return HEAD + "".join(f"# {line}\n" for line in lines) + "#\n"


def bare(text: str) -> str:
    """What is written, without comments."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
