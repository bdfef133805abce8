"""Matching: the first FlowSchema whose rules take a request.

Pure.  Source: Kubernetes docs, "API Priority and Fairness", "FlowSchema".
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import User
from fairway.objects import Object

_ACCOUNT = "system:serviceaccount:"


class Schema(NamedTuple):
    """A FlowSchema; ``method`` says what tells its flows apart: ``ByUser``, ``ByNamespace`` or nothing."""

    name: str
    uid: str
    precedence: int
    level: str
    method: str
    rules: Sequence[Object]


def ordered(found: Iterable[Object]) -> list[Schema]:
    """The schemas in the order in which they are asked."""
    made = [_schema(one) for one in found]
    return sorted(made, key=lambda schema: (schema.precedence, schema.name))


def _schema(found: Object) -> Schema:
    metadata, spec = found["metadata"], found["spec"]
    method = (spec.get("distinguisherMethod") or {}).get("type") or ""
    level = spec["priorityLevelConfiguration"]["name"]
    return Schema(
        metadata["name"], metadata["uid"], spec.get("matchingPrecedence", 1000), level, method, spec.get("rules") or ()
    )


def find(schemas: Iterable[Schema], user: User, asked: Asked) -> Schema | None:
    """The first schema that takes the request."""
    for schema in schemas:
        if any(_takes(rule, user, asked) for rule in schema.rules):
            return schema
    return None


def _takes(rule: Object, user: User, asked: Asked) -> bool:
    if not any(_is(subject, user) for subject in rule.get("subjects") or ()):
        return False
    if asked.path:
        return any(_takes_path(one, asked) for one in rule.get("nonResourceRules") or ())
    return any(_takes_resource(one, asked) for one in rule.get("resourceRules") or ())


def _is(subject: Object, user: User) -> bool:
    match subject.get("kind"):
        case "User":
            return (subject.get("user") or {}).get("name") in ("*", user.name)
        case "Group":
            name = (subject.get("group") or {}).get("name")
            return name == "*" or name in user.groups
        case "ServiceAccount":
            account = subject.get("serviceAccount") or {}
            namespace, name = account.get("namespace"), account.get("name")
            if name == "*":
                return user.name.startswith(f"{_ACCOUNT}{namespace}:")
            return user.name == f"{_ACCOUNT}{namespace}:{name}"
    return False


def _takes_path(rule: Object, asked: Asked) -> bool:
    if not _holds(rule.get("verbs"), asked.verb):
        return False
    return any(
        url in ("*", asked.path) or (url.endswith("*") and asked.path.startswith(url[:-1]))
        for url in rule.get("nonResourceURLs") or ()
    )


def _takes_resource(rule: Object, asked: Asked) -> bool:
    if not (_holds(rule.get("verbs"), asked.verb) and _holds(rule.get("apiGroups"), asked.group)):
        return False
    if not _holds(rule.get("resources"), asked.resource):
        return False
    if asked.namespace is None:
        return bool(rule.get("clusterScope"))
    return _holds(rule.get("namespaces"), asked.namespace)


def _holds(names: Sequence[str] | None, name: str) -> bool:
    return names is not None and ("*" in names or name in names)
