"""Policy: how much of which request is written down: the first rule that takes it decides.

Pure.  Source: Kubernetes docs, "Auditing", "Audit policy"; API reference "Policy (audit.k8s.io/v1)".
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import User

NONE, METADATA, REQUEST, REQUEST_RESPONSE = "None", "Metadata", "Request", "RequestResponse"
LEVELS = (NONE, METADATA, REQUEST, REQUEST_RESPONSE)
STAGES = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
_LISTS = ("users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages")


class Rule(NamedTuple):
    """One rule; what is empty takes everything."""

    level: str
    users: Sequence[str] = ()
    groups: Sequence[str] = ()
    verbs: Sequence[str] = ()
    resources: Sequence[Mapping[str, Any]] = ()
    namespaces: Sequence[str] = ()
    paths: Sequence[str] = ()
    omitted_stages: frozenset[str] = frozenset()
    omits_managed_fields: bool = False

    def takes(self, user: User, asked: Asked) -> bool:
        """Whether the rule is about the request."""
        if (self.users and user.name not in self.users) or (self.verbs and asked.verb not in self.verbs):
            return False
        if self.groups and not any(group in self.groups for group in user.groups):
            return False
        if self.resources or self.namespaces:
            return not asked.path and self._takes_resource(asked)
        return not self.paths or (bool(asked.path) and any(_is_path(path, asked.path) for path in self.paths))

    def _takes_resource(self, asked: Asked) -> bool:
        if self.namespaces and (asked.namespace or "") not in self.namespaces:
            return False
        return not self.resources or any(_is_of(one, asked) for one in self.resources)


def _is_path(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))


def _is_of(one: Mapping[str, Any], asked: Asked) -> bool:
    if (one.get("group") or "") != asked.group:
        return False
    if (names := one.get("resourceNames")) and asked.name not in names:
        return False
    return not one.get("resources") or any(_is_resource(pattern, asked) for pattern in one["resources"])


def _is_resource(pattern: str, asked: Asked) -> bool:
    if pattern in ("*", asked.resource):
        return True
    plural, slash, subresource = pattern.partition("/")
    if not slash:
        return False
    return plural in ("*", asked.plural) and subresource in ("*", asked.subresource)


class Policy(NamedTuple):
    """Rules in order."""

    rules: Sequence[Rule]

    def rule(self, user: User, asked: Asked) -> Rule | None:
        """The first rule that takes the request."""
        return next((rule for rule in self.rules if rule.takes(user, asked)), None)


EVERYTHING = Policy((Rule(METADATA, omitted_stages=frozenset({"RequestReceived"})),))
"""Where there is a log and no policy."""


def read(found: Any) -> Policy:
    """The policy that a document says.  Raises: ``ValueError`` that says what is wrong."""
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    if (found.get("apiVersion"), found.get("kind")) != ("audit.k8s.io/v1", "Policy"):
        raise ValueError("expected apiVersion audit.k8s.io/v1 and kind Policy")
    omitted = _stages(found, "omitStages")
    rules = found.get("rules")
    if not isinstance(rules, list) or not rules:
        raise ValueError("rules: expected at least one")
    omits_managed_fields = bool(found.get("omitManagedFields"))
    return Policy([_rule(f"rules[{index}]", one, omitted, omits_managed_fields) for index, one in enumerate(rules)])


def _rule(path: str, found: Any, omitted: frozenset[str], omits_managed_fields: bool) -> Rule:
    if not isinstance(found, dict):
        raise ValueError(f"{path}: it is no object")
    known = {*_LISTS, "level", "omitManagedFields"}
    if unknown := sorted(set(found) - known):
        raise ValueError(f"{path}: unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}")
    level = found.get("level")
    if level not in LEVELS:
        raise ValueError(f"{path}.level: {level!r} is none of {', '.join(LEVELS)}")
    lists = {name: _texts(path, found, name) for name in _LISTS if name != "resources"}
    resources = found.get("resources") or []
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        raise ValueError(f"{path}.resources: expected a list of group, resources and resourceNames")
    if lists["nonResourceURLs"] and (resources or lists["namespaces"]):
        raise ValueError(f"{path}: a rule is about resources or about nonResourceURLs, not about both")
    return Rule(
        level, lists["users"], lists["userGroups"], lists["verbs"], resources, lists["namespaces"],
        lists["nonResourceURLs"], omitted | _stages(found, "omitStages"),
        bool(found.get("omitManagedFields", omits_managed_fields)),
    )  # fmt: skip


def _texts(path: str, found: Mapping[str, Any], name: str) -> list[str]:
    texts = found.get(name) or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{path}.{name}: expected a list of texts")
    return texts


def _stages(found: Mapping[str, Any], name: str) -> frozenset[str]:
    stages = _texts("omitStages", found, name)
    if unknown := [stage for stage in stages if stage not in STAGES]:
        raise ValueError(f"omitStages: {unknown[0]!r} is none of {', '.join(STAGES)}")
    return frozenset(stages)
