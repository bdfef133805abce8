"""RBAC: who has which roles, read from the cache and remembered; what changes is taken in by itself.

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
from fairway.apiserver.stored import Stored
from fairway.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from fairway.kinds.kind import Kind
from fairway.objects import Object

_KINDS = (ROLE, ROLE_BINDING, CLUSTER_ROLE, CLUSTER_ROLE_BINDING)
_ACCOUNT = "system:serviceaccount:"
_EVERYTHING: Rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
_EVERY_PATH: Rule = {"nonResourceURLs": ["*"], "verbs": ["*"]}
Subject = tuple[str, str]


Role = tuple[Kind, str | None, str]
"""Kind, namespace and name of a role."""


class Granted(NamedTuple):
    """One role, and by which binding and which of its subjects somebody has it."""

    role: Role
    binding: Object
    subject: Object


Grants = dict[str | None, list[Granted]]
"""What was granted by the namespace in which it holds; ``None`` is the whole cluster."""


class Authorizer:
    """``is_allowed`` for every request, ``rules`` for those who ask what they may do."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._of_nodes = NodeReferences(cache)
        self._seen: dict[Kind, int] = {}
        """The revision of each kind up to which its changes are known."""
        self._subjects: dict[Subject, Grants] = {}
        self._rules: dict[Role, Sequence[Rule]] = {}

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
            if any(allows(rule, asked) for rule in self._of_role(granted.role)):
                return granted
        return None

    def rules(self, user: User, namespace: str | None) -> list[Rule]:
        """All that ``user`` may do in a namespace, or in the whole cluster."""
        if fixed.MASTERS in user.groups:
            return [_EVERYTHING, _EVERY_PATH]
        return [rule for granted in self._granted(user, namespace) for rule in self._of_role(granted.role)]

    def rules_of_role(self, reference: Object, namespace: str | None) -> Sequence[Rule] | None:
        """The rules of the role that a binding refers to; ``None`` if there is no such role."""
        found = self._cache.get(*_role(reference, namespace))
        return None if found is None else found.object.get("rules") or ()

    def _of_role(self, role: Role) -> Sequence[Rule]:
        """The rules of a role that somebody was granted, remembered until a role changes."""
        rules = self._rules.get(role)
        if rules is None:
            found = self._cache.get(*role)
            rules = self._rules[role] = () if found is None else found.object.get("rules") or ()
        return rules

    def _granted(self, user: User, namespace: str | None) -> Iterator[Granted]:
        subjects = self._current()
        for subject in (("User", user.name), *(("Group", group) for group in user.groups)):
            grants = subjects.get(subject)
            if grants:
                yield from grants.get(None, ())
                if namespace:
                    yield from grants.get(namespace, ())

    def _current(self) -> Mapping[Subject, Grants]:
        """What is granted now: what has changed since the last look is taken in, bindings one by one."""
        for kind in _KINDS:
            collection = self._cache.of(kind)
            seen = self._seen.get(kind)
            if seen == collection.changed:
                continue
            self._seen[kind] = collection.changed
            if kind in (ROLE, CLUSTER_ROLE):
                self._rules.clear()
            elif seen is None or seen < collection.forgotten:
                return self._read_again()
            else:
                for event in collection.since(seen):
                    self._take(event.old, event.new)
        return self._subjects

    def _read_again(self) -> Mapping[Subject, Grants]:
        self._subjects.clear()
        self._rules.clear()
        for kind in _KINDS:
            self._seen[kind] = self._cache.of(kind).changed
        for kind in (CLUSTER_ROLE_BINDING, ROLE_BINDING):
            for stored in self._cache.of(kind).live.values():
                self._take(None, stored)
        return self._subjects

    def _take(self, old: Stored | None, new: Stored | None) -> None:
        """Put what a binding grants now in the place of what it granted."""
        if old is not None:
            self._take_back(old.peek())
        if new is None:
            return
        binding = new.object
        namespace = binding["metadata"].get("namespace")
        role = _role(binding["roleRef"], namespace)
        for subject in binding.get("subjects") or ():
            holders = self._subjects.setdefault(_subject(subject, namespace), {})
            holders.setdefault(namespace, []).append(Granted(role, binding, subject))

    def _take_back(self, binding: Object) -> None:
        namespace, name = binding["metadata"].get("namespace"), binding["metadata"]["name"]
        for subject in binding.get("subjects") or ():
            holders = self._subjects.get(_subject(subject, namespace), {})
            kept = [one for one in holders.get(namespace, ()) if one.binding["metadata"]["name"] != name]
            if kept:
                holders[namespace] = kept
            else:
                holders.pop(namespace, None)
            if not holders:
                self._subjects.pop(_subject(subject, namespace), None)


def _role(reference: Object, namespace: str | None) -> Role:
    """The role that a binding refers to."""
    is_role = reference.get("kind") == ROLE.name
    return ROLE if is_role else CLUSTER_ROLE, namespace if is_role else None, reference.get("name") or ""


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
