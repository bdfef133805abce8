"""RBAC: who has which roles, read from the cache and remembered until a role or binding changes.

Source: Kubernetes docs, "Using RBAC Authorization".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fairway.apiserver.authorization import fixed
from fairway.apiserver.authorization.asked import Asked
from fairway.apiserver.authorization.node_references import NodeReferences
from fairway.apiserver.authorization.rules import Rule, allows
from fairway.apiserver.cache import Cache
from fairway.apiserver.call import User
from fairway.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from fairway.kinds.kind import Kind
from fairway.objects import Object

_KINDS = (ROLE, ROLE_BINDING, CLUSTER_ROLE, CLUSTER_ROLE_BINDING)
_ACCOUNT = "system:serviceaccount:"
_EVERYTHING: Rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
_EVERY_PATH: Rule = {"nonResourceURLs": ["*"], "verbs": ["*"]}
Subject = tuple[str, str]


class Granted(NamedTuple):
    """The rules of one role, and by which binding and which of its subjects somebody has them."""

    rules: Sequence[Rule]
    binding: Object
    subject: Object


Grants = dict[str | None, list[Granted]]
"""What was granted by the namespace in which it holds; ``None`` is the whole cluster."""


class Authorizer:
    """``is_allowed`` for every request, ``rules`` for those who ask what they may do."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._of_nodes = NodeReferences(cache)
        self._seen: tuple[int, ...] = ()
        self._subjects: dict[Subject, Grants] = {}

    def is_allowed(self, user: User, asked: Asked) -> bool:
        """Whether ``user`` may do what is ``asked``."""
        return (
            fixed.is_allowed(user, asked)
            or self._of_nodes.may_read(user, asked)
            or self._grant(user, asked) is not None
        )

    def reason(self, user: User, asked: Asked) -> str:
        """Which binding is why ``user`` may do what is ``asked``; empty if none is, or none is needed."""
        granted = None if fixed.MASTERS in user.groups else self._grant(user, asked)
        return "" if granted is None else f"RBAC: allowed by {_described(granted)}"

    def _grant(self, user: User, asked: Asked) -> Granted | None:
        for granted in self._granted(user, asked.namespace):
            if any(allows(rule, asked) for rule in granted.rules):
                return granted
        return None

    def rules(self, user: User, namespace: str | None) -> list[Rule]:
        """All that ``user`` may do in a namespace, or in the whole cluster."""
        if fixed.MASTERS in user.groups:
            return [_EVERYTHING, _EVERY_PATH]
        return [rule for granted in self._granted(user, namespace) for rule in granted.rules]

    def rules_of_role(self, reference: Object, namespace: str | None) -> Sequence[Rule] | None:
        """The rules of the role that a binding refers to; ``None`` if there is no such role."""
        is_role = reference.get("kind") == ROLE.name
        name = reference.get("name") or ""
        return self._of_role(ROLE if is_role else CLUSTER_ROLE, namespace if is_role else None, name)

    def _of_role(self, kind: Kind, namespace: str | None, name: str) -> Sequence[Rule] | None:
        found = self._cache.get(kind, namespace, name)
        return None if found is None else found.object.get("rules") or ()

    def _granted(self, user: User, namespace: str | None) -> Iterator[Granted]:
        subjects = self._current()
        for subject in (("User", user.name), *(("Group", group) for group in user.groups)):
            grants = subjects.get(subject)
            if grants:
                yield from grants.get(None, ())
                if namespace:
                    yield from grants.get(namespace, ())

    def _current(self) -> Mapping[Subject, Grants]:
        seen = tuple(self._cache.of(kind).changed for kind in _KINDS)
        if seen != self._seen:
            self._subjects = self._read()
            self._seen = seen
        return self._subjects

    def _read(self) -> dict[Subject, Grants]:
        found: dict[Subject, Grants] = {}
        for kind in (CLUSTER_ROLE_BINDING, ROLE_BINDING):
            for stored in self._cache.of(kind).live.values():
                binding = stored.object
                namespace = binding["metadata"].get("namespace")
                rules = self.rules_of_role(binding["roleRef"], namespace) or ()
                for subject in binding.get("subjects") or ():
                    holders = found.setdefault(_subject(subject, namespace), {})
                    holders.setdefault(namespace, []).append(Granted(rules, binding, subject))
        return found


def _subject(subject: Object, namespace: str | None) -> Subject:
    if subject["kind"] == "ServiceAccount":
        return "User", f"{_ACCOUNT}{subject.get('namespace') or namespace}:{subject['name']}"
    return subject["kind"], subject["name"]


def _described(granted: Granted) -> str:
    """As upstream says it in reviews and in its audit log."""
    meta, role, subject = granted.binding["metadata"], granted.binding["roleRef"], granted.subject
    namespace = meta.get("namespace")
    kind, name = ("RoleBinding", f"{meta['name']}/{namespace}") if namespace else ("ClusterRoleBinding", meta["name"])
    whom = subject["name"]
    if subject["kind"] == "ServiceAccount":
        whom = f"{whom}/{subject.get('namespace') or namespace or ''}"
    return f'{kind} "{name}" of {role["kind"]} "{role["name"]}" to {subject["kind"]} "{whom}"'
