"""Candidates: the live names that a word may be: objects, types, namespaces, contexts, containers, ports.

Objects are asked for by name alone, within a moment: a completion that is late is none.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from fairway.cli.resources import Resource
    from fairway.cli.session import Session

    Pair = tuple[str, str]

_TIMEOUT = "2s"
_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class Answer:
    """``goes_on``: no space after the word; ``takes_files``: the shell may offer file names."""

    __slots__ = ("candidates", "goes_on", "takes_files")

    def __init__(
        self, candidates: "Iterable[Pair]" = (), *, goes_on: bool = False, takes_files: bool = False
    ) -> None:  # fmt: skip
        self.candidates, self.goes_on, self.takes_files = list(candidates), goes_on, takes_files


def plain(values: "Iterable[str]") -> "list[Pair]":
    """Values without descriptions."""
    return [(value, "") for value in values]


class Live:
    """What the cluster has."""

    def __init__(self, session: "Session") -> None:
        if session.flags.request_timeout in ("", "0"):
            vars(session.flags)["request_timeout"] = _TIMEOUT
        self._session = session

    def types(self) -> "list[Pair]":
        """Every type that can be listed, in the plural; the short names are its description."""
        found: dict[str, Resource] = {}
        for each in self._session.resources.served():
            if "list" in each.verbs:
                found.setdefault(each.plural, each)
        return [(each.name, ",".join(each.short_names)) for each in found.values()]

    def names(self, type: str, *, all_namespaces: bool = False, selector: str = "") -> list[str]:
        """The names of the objects of a type."""
        return [item["metadata"]["name"] for item in self._items(self._session.resources.find(type), selector)]

    def _items(self, resource: "Resource", selector: str = "") -> "list[dict[str, Any]]":
        namespace = self._session.namespace if resource.is_namespaced else None
        query = {"limit": 500, "labelSelector": selector}
        items = self._session.api.get(resource.path(namespace), query, accept=_NAMES_ONLY).get("items") or ()
        return list(items)

    def objects(self, type: str, name: str) -> "dict[str, Any]":
        """One object."""
        resource = self._session.resources.find(type)
        found: dict[str, Any] = self._session.api.get(resource.path(self._session.namespace, name))
        return found

    def containers(self, word: str) -> list[str]:
        """The containers of a pod, or of a workload's or Service's pods."""
        from fairway.cli.streams.choice import containers_of

        type, slash, name = word.partition("/")
        found = self.objects(type if slash else "pods", name if slash else type)
        template = (found.get("spec") or {}).get("template")
        each_with_field = sorted(containers_of(template or found), key=lambda pair: pair[0] == "initContainers")
        return [each["name"] for _, each in each_with_field]

    def ports(self, word: str) -> "list[Pair]":
        """The ports of a Service, or those that a pod's containers declare."""
        type, slash, name = word.partition("/")
        found = self.objects(type if slash else "pods", name if slash else type)
        spec = found.get("spec") or {}
        if found.get("kind") == "Service":
            ports = [(each.get("name"), each["port"]) for each in spec.get("ports") or ()]
        else:
            containers = ((spec.get("template") or {}).get("spec") or spec).get("containers") or ()
            declared = [port for each in containers for port in each.get("ports") or ()]
            ports = [(each.get("name"), each["containerPort"]) for each in declared]
        named = [(str(name), str(number)) for name, number in ports if name]
        return [*named, *((str(number), "") for _, number in ports)]


def of_kubeconfig(session: "Session", section: str) -> list[str]:
    """The names of the contexts, clusters or users of a kubeconfig."""
    from fairway.cli.session.access import files_of
    from fairway.client.kubeconfig.selection import load

    return [str(each.get("name") or "") for each in load(files_of(session.flags)).get(section) or ()]


def slashed(types: "Sequence[str]") -> "list[Pair]":
    """``svc/``, ``deploy/``: what a name may be written behind."""
    return [(f"{type}/", "") for type in types]
