"""Set one value of the kubeconfig, named by its path: fairway config set contexts.dev.namespace kube-system"""

import base64

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "PATH VALUE"
FLAGS = (Flag("set-raw-bytes", type="bool", help="the value of a *-data field is not in base64 yet"),)
_BOOLEANS = ("insecure-skip-tls-verify", "disable-compression")


def run(call: "Call") -> int:
    """Set it."""
    if len(call.words) != 2:
        raise Failure(f"Unexpected args: [{' '.join(call.words)}]")
    path, text = call.words
    files = Files(call.flags)
    if path == "current-context":
        files.set_current(text)
    else:
        section, name, fields = parted(path)
        value = value_of(fields[-1] if fields else "", text, is_raw=call.flags.set_raw_bytes)

        def changed(items: "dict[str, Any]") -> None:
            at = items.setdefault(name, {})
            for field in fields[:-1]:
                at = at.setdefault(field, {})
            at[fields[-1]] = value

        if not fields:
            raise Failure(f"unable to parse {path}: a field of {name} must be named")
        files.change(section, name, changed)
    print(f'Property "{path}" set.')
    return 0


def parted(path: str) -> tuple[str, str, list[str]]:
    """Section, name and fields of a path; names may hold dots.  Pure.  Raises: ``Failure``."""
    section, _, rest = path.partition(".")
    if section not in ("clusters", "contexts", "users") or not rest:
        raise Failure(f"unable to parse {path} after [] at api.Config")
    name, _, fields = rest.partition(".")
    return section, name, fields.split(".") if fields else []


def value_of(field: str, text: str, *, is_raw: bool) -> "str | bool":
    """The text as the field has it.  Pure.  Raises: ``Failure``."""
    if field in _BOOLEANS:
        if text.lower() not in ("true", "false", "t", "f", "1", "0"):
            raise Failure(f'strconv.ParseBool: parsing "{text}": invalid syntax')
        return text.lower() in ("true", "t", "1")
    if field.endswith("-data"):
        if is_raw:
            return base64.b64encode(text.encode()).decode()
        try:
            base64.b64decode(text, validate=True)
        except ValueError as error:
            raise Failure(f"illegal base64 data: {error}") from None
    return text
