"""Kubeconfig: the files that ``config`` shows and changes.

Shape: ``Files(flags)`` knows them in their order; ``whole()`` is all as one document; ``change(section, name, edit)``
changes the file that has the item, else the first that exists; ``edit`` gets the items of the section, by name.
Source: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files".
"""

import os

from fairway.cli.failure import PROGRAM, Failure
from fairway.client.kubeconfig.selection import KubeconfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.flags import Values

    Items = dict[str, Any]

INNER = {"clusters": "cluster", "contexts": "context", "users": "user"}
ALWAYS: "dict[str, dict[str, str]]" = {"clusters": {"server": ""}, "contexts": {"cluster": "", "user": ""}, "users": {}}
"""The fields that are written even where they are empty."""
FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_EMPTY = {"apiVersion": "v1", "kind": "Config", "preferences": {}, "clusters": [], "contexts": [], "users": []}


class Files:
    """The kubeconfig files of a command."""

    def __init__(self, flags: "Values") -> None:
        named = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
        default = [os.path.join(os.path.expanduser("~"), ".kube", "config")]
        self.paths: list[str] = [flags.kubeconfig] if flags.kubeconfig else named or default
        self._origins: dict[tuple[str, str], str] = {}

    @property
    def default(self) -> str:
        """The file that new items go into: the first that exists, else the last."""
        return next((path for path in self.paths if os.path.exists(path)), self.paths[-1])

    def whole(self) -> "dict[str, Any]":
        """All files as one; of items with the same name the first counts.  Raises: ``Failure``."""
        merged: dict[str, Any] = {"current-context": "", **{section: {} for section in INNER}}
        for path in self.paths:
            found = _read(path)
            merged["current-context"] = merged["current-context"] or str(found.get("current-context") or "")
            for section, inner in INNER.items():
                for name, item in _named(found, section).items():
                    if name not in merged[section]:
                        merged[section][name] = item.get(inner) or {}
                        self._origins[section, name] = path
        return merged

    def beside(self, section: str, name: str, file: str) -> str:
        """Where a file is that an item names: paths are relative to the kubeconfig that they stand in."""
        return os.path.join(os.path.dirname(self._origins[section, name]), file)

    def change(self, section: str, name: str, edit: "Callable[[Items], None]") -> str:
        """Change the items of ``section`` in the file that has ``name``; that file."""
        path = next((path for path in self.paths if name in _named(_read(path), section)), self.default)

        def changed(document: "dict[str, Any]") -> None:
            items = _named(document, section)
            inner = INNER[section]
            contents: dict[str, Any] = {key: dict(item.get(inner) or {}) for key, item in items.items()}
            edit(contents)
            _make_relative(contents, os.path.dirname(os.path.abspath(path)))
            document[section] = [
                {inner: {**ALWAYS[section], **contents[key]}, "name": key} for key in sorted(contents)
            ] or None

        _rewrite(path, changed)
        return path

    def set_current(self, name: str) -> None:
        """Make ``name`` the current context: in the file that names one, else in the default."""
        named = (path for path in self.paths if _read(path).get("current-context"))

        def changed(document: "dict[str, Any]") -> None:
            document["current-context"] = name

        _rewrite(next(named, self.default), changed)

    def set_head(self, path: str, text: str) -> None:
        """Set ``kind``, ``apiVersion`` or ``preferences.colors`` of the default file."""

        def changed(document: "dict[str, Any]") -> None:
            key, _, inner = path.partition(".")
            if inner:
                document[key] = {**(document.get(key) or {}), inner: text == "true"}

        _rewrite(self.default, changed)


def remove(call: "Call", section: str) -> int:
    """What ``delete-cluster`` and its like do with the one item that is named.  Raises: ``Failure``."""
    if len(call.words) != 1:
        from fairway.cli.help import show_help

        show_help(call)
        return 0
    name, files, what = call.words[0], Files(call.flags), INNER[section]
    config = files.whole()
    if name not in config[section]:
        raise Failure(f"cannot delete {what} {name}, not in {files.default}")
    if section == "contexts" and name == config["current-context"]:
        import sys

        print(
            f'warning: this removed your active context, use "{PROGRAM} config use-context" to select a different one',
            file=sys.stderr,
        )
    file = files.change(section, name, lambda items: items.pop(name, None) and None)
    print(f"deleted {what} {name} from {file}")
    return 0


def _read(path: str) -> "dict[str, Any]":
    from fairway.client.kubeconfig.selection import document_of

    try:
        with open(path, "rb") as reading:
            found = document_of(reading.read())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Failure(f'error loading config file "{path}": {error}') from None
    return found if isinstance(found, dict) else {}


def _named(document: "dict[str, Any]", section: str) -> "dict[str, Any]":
    return {str(item.get("name")): item for item in document.get(section) or ()}


def _make_relative(items: "Items", folder: str) -> None:
    """Files below the kubeconfig's folder are named from there, so that the folder may move."""
    for item in items.values():
        for key in FILES:
            file = item.get(key)
            if file and os.path.isabs(file) and file.startswith(f"{folder}{os.sep}"):
                item[key] = os.path.relpath(file, folder)


def _rewrite(path: str, change: "Callable[[dict[str, Any]], None]") -> None:
    """Write the file anew, whole or not at all; an item of ours keeps what it had beside."""
    from pathlib import Path

    from fairway.cli.printers.documents import yaml_text
    from fairway.client.kubeconfig import change_file
    from fairway.client.kubeconfig.selection import document_of

    def changed(text: str) -> str:
        found = document_of(text.encode())
        document = {**_EMPTY, "current-context": "", **(found if isinstance(found, dict) else {})}
        change(document)
        for section in INNER:
            document[section] = document.get(section) or None
        return yaml_text(document)

    try:
        change_file(Path(path), changed)
    except KubeconfigError as error:
        raise Failure(str(error)) from error
    except ValueError as error:
        raise Failure(f'error loading config file "{path}": {error}') from None
