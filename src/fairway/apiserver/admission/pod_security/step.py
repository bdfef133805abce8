"""The step of admission: pods are refused, what makes pods is warned of, and labels of namespaces must make sense."""

from typing import TYPE_CHECKING

from fairway.apiserver.admission.pod_security import judge, levels
from fairway.apiserver.call import Call
from fairway.kinds import NAMESPACE, POD
from fairway.objects import Object
from fairway.objects.errors import forbidden, invalid

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_MARK = levels.PREFIX.encode()
_TEMPLATES = {
    ("", "replicationcontrollers"): ("spec", "template"),
    ("", "podtemplates"): ("template",),
    ("apps", "replicasets"): ("spec", "template"),
    ("apps", "deployments"): ("spec", "template"),
    ("apps", "statefulsets"): ("spec", "template"),
    ("apps", "daemonsets"): ("spec", "template"),
    ("batch", "jobs"): ("spec", "template"),
    ("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
}
"""Where the template of pods is, by group and plural."""


def pod_security(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Raises: ``StatusError`` 403 for a pod beyond its namespace's level, 422 for labels that name none."""
    if call.kind is NAMESPACE:
        if not call.subresource:
            _namespace(call, new, old, api)
        return
    if not call.kind.namespaced or call.subresource not in ("", "ephemeralcontainers", "resize"):
        return
    is_pod = call.kind is POD
    place = _TEMPLATES.get((call.kind.group, call.kind.plural))
    if not is_pod and (place is None or call.subresource):
        return
    namespace = api.cache.get(NAMESPACE, None, call.namespace or "")
    # Most namespaces say nothing of it: they need not even be decoded.
    if namespace is None or _MARK not in namespace.wire:
        return
    policy = levels.policy(namespace.object["metadata"].get("labels"))
    if is_pod:
        if old is None or _matters(new, old):
            _pod(call, new, policy)
        return
    template: Object = new
    for field in place or ():
        template = template.get(field) or {}
    if template.get("spec"):
        _warn(call, policy, template.get("metadata") or {}, template["spec"])


def _pod(call: Call, new: Object, policy: levels.Policy) -> None:
    call.annotations[f"{levels.PREFIX}enforce-policy"] = policy.enforce.text
    broken = judge.violation(policy.enforce, new["metadata"], new["spec"])
    if broken:
        _audit(call, policy, new["metadata"], new["spec"])
        raise forbidden("", "pods", new["metadata"].get("name") or "", f"violates {broken}")
    _warn(call, policy, new["metadata"], new["spec"])


def _audit(call: Call, policy: levels.Policy, metadata: Object, spec: Object) -> None:
    audited = judge.violation(policy.audit, metadata, spec)
    if audited:
        call.annotations[f"{levels.PREFIX}audit-violations"] = f"would violate {audited}"


def _warn(call: Call, policy: levels.Policy, metadata: Object, spec: Object) -> None:
    _audit(call, policy, metadata, spec)
    warned = judge.violation(policy.warn, metadata, spec)
    if warned:
        call.warnings.append(f"would violate {warned}")


def _matters(new: Object, old: Object) -> bool:
    """Whether an update can make a pod a worse one: another image, another container."""

    def seen(pod: Object) -> list[tuple[str, object, object]]:
        fields = ("initContainers", "containers", "ephemeralContainers")
        return [(field, one.get("name"), one.get("image")) for field in fields for one in pod["spec"].get(field) or ()]

    return seen(new) != seen(old)


def _namespace(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    labels, name = new["metadata"].get("labels"), new["metadata"].get("name") or ""
    had = None if old is None else old["metadata"].get("labels")
    found = list(levels.problems(labels))
    if found and (old is None or found != list(levels.problems(had))):
        raise invalid("", NAMESPACE.name, name, found)
    if old is None or found:
        return
    enforce, before = levels.policy(labels).enforce, levels.policy(had).enforce
    is_relaxed = enforce.minor == before.minor and not enforce.is_stricter_than(before)
    if enforce != before and not is_relaxed and enforce.name != levels.PRIVILEGED:
        pods = api.cache.of(POD)
        there = (pods.live[key].object for key in pods.keys(f"{POD.prefix}{name}/"))
        call.warnings.extend(judge.of_namespace(enforce, name, there))
