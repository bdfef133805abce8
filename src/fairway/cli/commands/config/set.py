"""Set one value of the kubeconfig, named by its path: fairway config set contexts.dev.namespace kube-system"""

import base64

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.help import show_help
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "PATH VALUE"
FLAGS = (Flag("set-raw-bytes", type="bool", help="the value of a *-data field is not in base64 yet"),)
_FIELDS = {
    "clusters": (
        "certificate-authority", "certificate-authority-data", "disable-compression", "insecure-skip-tls-verify",
        "proxy-url", "server", "tls-server-name",
    ),
    "contexts": ("cluster", "namespace", "user"),
    "users": (
        "as", "as-uid", "client-certificate", "client-certificate-data", "client-key", "client-key-data", "password",
        "token", "tokenFile", "username",
    ),
}  # fmt: skip
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_BOOLEANS = ("insecure-skip-tls-verify", "disable-compression")


def run(call: "Call") -> int:
    """Set it."""
    if len(call.words) != 2:
        show_help(call)
        raise Failure(f"Unexpected args: [{' '.join(call.words)}]")
    path, text = call.words
    files = Files(call.flags)
    if path == "current-context":
        files.set_current(text)
    elif path in ("kind", "apiVersion", "preferences.colors"):
        files.set_head(path, text)
    else:
        section, name, fields = parted(path)
        if fields and (len(fields) > 1 or fields[0] not in _FIELDS[section]):
            raise Failure(f"unable to parse one or more field values of {path}")
        value = value_of(fields[-1] if fields else "", text, is_raw=call.flags.set_raw_bytes)

        def changed(items: "dict[str, Any]") -> None:
            items.setdefault(name, {})[fields[0]] = value

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
            place = next((at for at, letter in enumerate(text) if letter not in _BASE64), len(text) // 4 * 4)
            raise Failure(f"error decoding input value: illegal base64 data at input byte {place}") from error
    return text
