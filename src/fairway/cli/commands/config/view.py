"""Show the kubeconfig, all files as one, secrets left out.

fairway config view                       all of it
fairway config view --minify --flatten    what the current context needs, certificates in it
fairway config view -o jsonpath={.current-context}
"""

import sys

from fairway.cli.failure import Failure, UsageFailure
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS, printer_of
from fairway.cli.printers.documents import Declared
from fairway.cli.session.kubeconfig import ALWAYS, INNER, Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

FLAGS = (
    *(flag for flag in OUTPUT_FLAGS if flag.name != "output"),
    Flag("output", "o", default="yaml", help="format: yaml, json, name, go-template=..., jsonpath=..., and the like"),
    Flag("flatten", type="bool", help="put certificates and keys into it, so that it can be given away"),
    Flag("merge", type="bool", default=True, help="all files as one"),
    Flag("minify", type="bool", help="only what the current context needs"),
    Flag("raw", type="bool", help="secrets, too"),
)
_OMITTED, _REDACTED = "DATA+OMITTED", "REDACTED"
_HIDDEN = {
    "certificate-authority-data": _OMITTED, "client-certificate-data": _OMITTED, "client-key-data": _OMITTED,
    "token": _REDACTED, "password": _REDACTED,
}  # fmt: skip
_ORDER = (
    "server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority", "certificate-authority-data",
    "proxy-url", "disable-compression", "client-certificate", "client-certificate-data", "client-key",
    "client-key-data",
    "token", "tokenFile", "as", "as-uid", "as-groups", "as-user-extra", "username", "password", "auth-provider",
    "cluster", "user", "namespace", "exec", "extensions", "command", "args", "env", "apiVersion", "installHint",
    "provideClusterInfo", "interactiveMode",
)  # fmt: skip
_FILES = ("certificate-authority", "client-certificate", "client-key")


def run(call: "Call") -> int:
    """Print it."""
    flags = call.flags
    if call.words:
        raise UsageFailure(f"unexpected arguments: [{' '.join(call.words)}]")
    if not flags.merge and not flags.kubeconfig:
        raise Failure("if merge==false a precise file must be specified")
    files = Files(flags)
    config = files.whole()
    if flags.context:
        config["current-context"] = flags.context
    if flags.minify:
        config = minified(config)
    if flags.flatten:
        config = {**config, **{section: _flat(files, section, config[section]) for section in INNER}}
    elif not flags.raw:
        config = {**config, **{section: _each(config[section], _hidden) for section in INNER}}
    printer = printer_of(flags)
    assert printer is not None
    sys.stdout.write(printer(document_of(config)))
    return 0


def _each(items: "dict[str, Any]", change: "Any") -> "dict[str, Any]":
    return {name: change(item) for name, item in items.items()}


def _hidden(item: "dict[str, Any]") -> "dict[str, Any]":
    return {key: _HIDDEN[key] if key in _HIDDEN and value else value for key, value in item.items()}


def _flat(files: Files, section: str, items: "dict[str, Any]") -> "dict[str, Any]":
    from fairway.cli.commands.config.set_cluster import embedded

    flat = {}
    for name, item in items.items():
        flat[name] = dict(item)
        for key in _FILES:
            if path := flat[name].pop(key, None):
                flat[name].setdefault(f"{key}-data", embedded(key, files.beside(section, name, path)))
    return flat


def minified(config: "dict[str, Any]") -> "dict[str, Any]":
    """Only what the current context needs.  Pure.  Raises: ``Failure``."""
    name = config["current-context"]
    if not name:
        raise Failure("current-context must exist in order to minify")
    context = config["contexts"].get(name)
    if context is None:
        raise Failure(f"cannot locate context {name}")
    return {
        "current-context": name, "contexts": {name: context},
        "clusters": {key: item for key, item in config["clusters"].items() if key == context.get("cluster")},
        "users": {key: item for key, item in config["users"].items() if key == context.get("user")},
    }  # fmt: skip


def document_of(config: "dict[str, Any]") -> "dict[str, Any]":
    """The kubeconfig as it is shown, fields in the order of their declaration.  Pure."""
    sections = {
        section: [
            Declared(name=name, **{INNER[section]: _declared({**ALWAYS[section], **items[name]})})
            for name in sorted(items)
        ]
        or None
        for section, items in ((section, config[section]) for section in ("clusters", "users", "contexts"))
    }
    return Declared(
        {
            "kind": "Config",
            "apiVersion": "v1",
            "preferences": {},
            **sections,
            "current-context": config["current-context"],
        }
    )


def _declared(item: "dict[str, Any]") -> "dict[str, Any]":
    names = sorted(item, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
    return Declared({name: _declared(item[name]) if isinstance(item[name], dict) else item[name] for name in names})
