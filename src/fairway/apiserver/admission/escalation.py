"""Escalation: nobody grants by a role or a binding what he does not hold himself.

Source: Kubernetes docs, "Using RBAC Authorization", "Privilege escalation prevention and bootstrapping".
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fairway.apiserver.authorization import Asked, rules
from fairway.apiserver.call import Call
from fairway.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from fairway.objects import Object
from fairway.objects.errors import forbidden, not_found

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_EVERYTHING: Object = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
_EVERY_PATH: Object = {"nonResourceURLs": ["*"], "verbs": ["*"]}


def escalation(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Raises: ``StatusError`` 403, or 404 for a role that is not there."""
    if call.kind in (ROLE, CLUSTER_ROLE):
        _check_role(call, new, old, api)
    elif call.kind in (ROLE_BINDING, CLUSTER_ROLE_BINDING):
        _check_binding(call, new, old, api)


def _may(call: Call, verb: str, plural: str, name: str, api: "Api") -> bool:
    return api.authorizer.is_allowed(call.user, Asked(verb, call.kind.group, plural, "", call.namespace, name))


def _check_role(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    rule, name = new.get("aggregationRule"), new["metadata"].get("name") or call.name
    is_gathering = bool(rule) and (old is None or old.get("aggregationRule") != rule)
    if old is not None and old.get("rules") == new.get("rules") and not is_gathering:
        return
    if _may(call, "escalate", call.kind.plural, name, api):
        return
    _check_held(call, list(new.get("rules") or ()), new, api)
    # What will be gathered is not known today.
    if is_gathering and _lacked(call, [_EVERYTHING, _EVERY_PATH], api):
        why = "must have cluster-admin privileges to use the aggregationRule"
        raise forbidden(call.kind.group, call.kind.plural, name, why)


def _check_binding(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    reference = new.get("roleRef") or {}
    if old is not None and (old.get("roleRef"), old.get("subjects")) == (reference, new.get("subjects")):
        return
    name = reference.get("name") or ""
    kind = ROLE if reference.get("kind") == ROLE.name else CLUSTER_ROLE
    if not name or _may(call, "bind", kind.plural, name, api):
        return
    granted = api.authorizer.rules_of_role(reference, call.namespace)
    if granted is None:
        raise not_found(kind.group, kind.plural, name)
    _check_held(call, granted, new, api)


def _lacked(call: Call, wanted: Sequence[Object], api: "Api") -> Sequence[Object]:
    """What of ``wanted`` the writer does not hold."""
    try:
        return rules.uncovered(wanted, api.authorizer.rules(call.user, call.namespace))
    except (TypeError, KeyError, AttributeError):
        # Rules out of shape are validation's to tell of.
        return []


def _check_held(call: Call, wanted: Sequence[Object], new: Object, api: "Api") -> None:
    missing = _lacked(call, wanted, api)
    if not missing:
        return
    groups = ", ".join(f'"{group}"' for group in call.user.groups)
    listed = "\n".join(sorted(map(rules.shown, rules.compacted(missing))))
    why = (
        f'user "{call.user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n'
        f"{listed}"
    )
    raise forbidden(call.kind.group, call.kind.plural, new["metadata"].get("name") or call.name, why)
