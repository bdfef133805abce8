"""Document: the text of a kubeconfig with our entry in it, and without.  Pure.

Shape: text in, text out.  The text is edited as a tree of YAML nodes, so that scalars that are not ours keep their
spelling, quotes and order (``token: 0123`` stays what it is); comments are lost, as with ``kubectl config``.
"""

from dataclasses import dataclass
from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from fairway.client.kubeconfig.selection import KubeconfigError

_SECTIONS = ("clusters", "contexts", "users")
_EXTENSION = "fairway"
_PREVIOUS = "previous-context"
_NEW = "apiVersion: v1\nkind: Config\npreferences: {}\nclusters: []\ncontexts: []\ncurrent-context: ''\nusers: []\n"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Entry:
    """One cluster, user and context, all called ``name``.  ``*_data`` is PEM in base64."""

    name: str
    server: str
    ca_data: str
    cert_data: str = ""
    key_data: str = ""
    token: str = ""
    namespace: str = ""

    def user(self) -> dict[str, str]:
        """Who one is, as in ``users[].user``."""
        shown = {
            "client-certificate-data": self.cert_data, "client-key-data": self.key_data, "token": self.token,
        }  # fmt: skip
        return {key: value for key, value in shown.items() if value}


def rendered(entry: Entry) -> str:
    """A whole kubeconfig with nothing but ``entry``."""
    return merged("", entry)


def merged(text: str, entry: Entry, *, is_current: bool = True) -> str:
    """``text`` with ``entry`` in it (replaced if it was there), made current unless told otherwise.

    The context remembers which one was current before.  Raises: ``KubeconfigError``.
    """
    root = _parse(text)
    name = entry.name
    current = _text_at(root, "current-context")
    previous = _previous(root, name) if current == name else current
    context: dict[str, Any] = {"cluster": name, "user": name}
    if entry.namespace:
        context["namespace"] = entry.namespace
    if is_current and previous:
        context["extensions"] = [{"name": _EXTENSION, "extension": {_PREVIOUS: previous}}]
    cluster = {"certificate-authority-data": entry.ca_data, "server": entry.server}
    _put(root, "clusters", {"name": name, "cluster": cluster})
    _put(root, "contexts", {"name": name, "context": context})
    _put(root, "users", {"name": name, "user": entry.user()})
    if is_current:
        _set(root, "current-context", _node(name))
    return _render(root)


def removed(text: str, name: str) -> str:
    """``text`` without the cluster, user and context ``name``; the context before becomes current again if it is there.

    Raises: ``KubeconfigError``.
    """
    root = _parse(text)
    previous = _previous(root, name)
    was_there = False
    for section in _SECTIONS:
        items = _section(root, section)
        kept = [item for item in items.value if _text_at(item, "name") != name]
        was_there |= len(kept) != len(items.value)
        items.value = kept
        if not kept:
            items.flow_style = True
    if _text_at(root, "current-context") == name:
        names = {_text_at(item, "name") for item in _section(root, "contexts").value}
        _set(root, "current-context", _node(previous if previous in names else ""))
        was_there = True
    return _render(root) if was_there else text


def is_blank(text: str) -> bool:
    """Whether a kubeconfig names nothing at all.  Raises: ``KubeconfigError``."""
    root = _parse(text)
    return not any(_section(root, section).value for section in _SECTIONS) and not _text_at(root, "current-context")


def _parse(text: str) -> MappingNode:
    try:
        root = yaml.compose(text if text.strip() else _NEW, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise KubeconfigError(f"not valid YAML: {error}") from error
    if root is None:
        return _parse("")
    if not isinstance(root, MappingNode):
        raise KubeconfigError("not a kubeconfig: its top level is no mapping")
    return root


def _render(root: MappingNode) -> str:
    text: str = yaml.serialize(root, Dumper=yaml.SafeDumper, width=float("inf"), allow_unicode=True)
    return text


def _node(value: Any) -> Node:
    return yaml.representer.SafeRepresenter(default_flow_style=False, sort_keys=False).represent_data(value)


def _at(mapping: Node | None, key: str) -> Node | None:
    if not isinstance(mapping, MappingNode):
        return None
    return next((value for found, value in mapping.value if found.value == key), None)


def _text_at(mapping: Node | None, key: str) -> str:
    found = _at(mapping, key)
    return found.value if isinstance(found, ScalarNode) else ""


def _set(mapping: MappingNode, key: str, value: Node) -> None:
    for place, (found, _) in enumerate(mapping.value):
        if found.value == key:
            mapping.value[place] = (found, value)
            return
    mapping.value.append((_node(key), value))


def _section(root: MappingNode, section: str) -> SequenceNode:
    found = _at(root, section)
    if isinstance(found, SequenceNode):
        return found
    if found is not None and found.tag != "tag:yaml.org,2002:null":
        raise KubeconfigError(f"not a kubeconfig: {section} is no list")
    empty = SequenceNode("tag:yaml.org,2002:seq", [], flow_style=True)
    _set(root, section, empty)
    return empty


def _put(root: MappingNode, section: str, item: dict[str, Any]) -> None:
    items = _section(root, section)
    if not items.value:
        items.flow_style = bool(root.flow_style)
    for place, found in enumerate(items.value):
        if _text_at(found, "name") == item["name"]:
            items.value[place] = _node(item)
            return
    items.value.append(_node(item))


def _previous(root: MappingNode, name: str) -> str:
    for item in _section(root, "contexts").value:
        if _text_at(item, "name") == name:
            extensions = _at(_at(item, "context"), "extensions")
            for extension in extensions.value if isinstance(extensions, SequenceNode) else ():
                if _text_at(extension, "name") == _EXTENSION:
                    return _text_at(_at(extension, "extension"), _PREVIOUS)
    return ""
