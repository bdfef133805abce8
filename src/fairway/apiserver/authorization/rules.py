"""Rules: what a role's rules allow, and whether some rules are within others.

Pure; a rule is the PolicyRule of the API.  Source: Kubernetes docs, "Using RBAC Authorization", "Referring to
resources", "Restrictions on role creation or update".
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from fairway.apiserver.authorization.asked import Asked
from fairway.objects import Object

_ALL = "*"
Rule = Object


def allows(rule: Rule, asked: Asked) -> bool:
    """Whether one rule allows what is asked."""
    verbs = rule.get("verbs") or ()
    if asked.verb not in verbs and _ALL not in verbs:
        return False
    if asked.path:
        return any(_is_url(pattern, asked.path) for pattern in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames")
    return (
        _has(rule.get("apiGroups"), asked.group)
        and _has_resource(rule.get("resources"), asked)
        and (not names or asked.name in names)
    )


def _has(found: Sequence[str] | None, wanted: str) -> bool:
    return found is not None and (wanted in found or _ALL in found)


def _has_resource(found: Sequence[str] | None, asked: Asked) -> bool:
    if not found:
        return False
    return (
        _ALL in found or asked.resource in found or (bool(asked.subresource) and f"{_ALL}/{asked.subresource}" in found)
    )


def _is_url(pattern: str, path: str) -> bool:
    if pattern.endswith(_ALL):
        return path.startswith(pattern.rstrip(_ALL))
    return pattern == path


def uncovered(wanted: Iterable[Rule], held: Sequence[Rule]) -> list[Rule]:
    """What of ``wanted`` whoever holds ``held`` does not hold: the parts as rules, of one value each."""
    return [part for rule in wanted for part in _parts(rule) if not any(_covers(each, part) for each in held)]


def _parts(rule: Rule) -> Iterator[Rule]:
    verbs = rule.get("verbs") or ()
    for group, resource, verb in product(rule.get("apiGroups") or (), rule.get("resources") or (), verbs):
        for name in rule.get("resourceNames") or ("",):
            part: Rule = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
            yield {**part, "resourceNames": [name]} if name else part
    for url, verb in product(rule.get("nonResourceURLs") or (), verbs):
        yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(held: Rule, part: Rule) -> bool:
    if not _has(held.get("verbs"), part["verbs"][0]):
        return False
    if "nonResourceURLs" in part:
        url = part["nonResourceURLs"][0]
        return any(_is_url(pattern, url) or pattern == url for pattern in held.get("nonResourceURLs") or ())
    resource, names = part["resources"][0], held.get("resourceNames")
    resources = held.get("resources") or ()
    below = resource.partition("/")[2]
    return (
        _has(held.get("apiGroups"), part["apiGroups"][0])
        and (_has(resources, resource) or bool(below and f"{_ALL}/{below}" in resources))
        and (not names or bool(set(part.get("resourceNames") or ()) & set(names)))
    )


def compacted(parts: Sequence[Rule]) -> list[Rule]:
    """Parts that differ in their verbs only, as one rule each."""
    found: dict[str, Rule] = {}
    for part in parts:
        key = repr({field: value for field, value in part.items() if field != "verbs"})
        if key in found:
            found[key]["verbs"].append(part["verbs"][0])
        else:
            found[key] = {**part, "verbs": list(part["verbs"])}
    return list(found.values())


def shown(rule: Rule) -> str:
    """A rule as messages show it: ``{APIGroups:[""], Resources:["pods"], Verbs:["get"]}``."""
    fields = (
        ("APIGroups", "apiGroups"), ("Resources", "resources"), ("ResourceNames", "resourceNames"),
        ("NonResourceURLs", "nonResourceURLs"), ("Verbs", "verbs"),
    )  # fmt: skip
    parts = []
    for label, field in fields:
        if values := rule.get(field):
            listed = " ".join(f'"{value}"' for value in values)
            parts.append(f"{label}:[{listed}]")
    return "{" + ", ".join(parts) + "}"
