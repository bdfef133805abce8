"""Restricted: how a pod should be hardened, beyond what baseline forbids.

Source: Kubernetes docs, "Pod Security Standards", "Restricted"; the texts are upstream's.
"""

from fairway.apiserver.admission.pod_security.baseline import bad_capabilities, bad_seccomp
from fairway.apiserver.admission.pod_security.findings import (
    Check,
    Finding,
    Subject,
    containers,
    context,
    plural,
    quoted,
    uses,
)

_ADDED = frozenset({"NET_BIND_SERVICE"})
_VOLUMES = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "image",
    ]
)


def _escalation(pod: Subject) -> Finding | None:
    if pod.minor < 8 or pod.is_for_windows:
        return None
    named = pod.named(lambda found: found.get("allowPrivilegeEscalation") is not False)
    text = f"{containers(named)} must set securityContext.allowPrivilegeEscalation=false"
    return Finding("allowPrivilegeEscalation != false", text) if named else None


def _capabilities(pod: Subject) -> Finding | None:
    if pod.minor < 22 or pod.is_for_windows:
        return None
    keeping = pod.named(lambda found: "ALL" not in ((found.get("capabilities") or {}).get("drop") or ()))
    details = [f'{containers(keeping)} must set securityContext.capabilities.drop=["ALL"]'] if keeping else []
    adding = bad_capabilities(pod, _ADDED)
    if adding:
        details.append(adding)
    return Finding("unrestricted capabilities", "; ".join(details)) if details else None


def _volumes(pod: Subject) -> Finding | None:
    bad = [one for one in pod.spec.get("volumes") or () if not _VOLUMES.intersection(one) and len(one) > 1]
    if not bad:
        return None
    names = [one.get("name") or "" for one in bad]
    types = sorted({key for one in bad for key in one if key != "name"})
    what = f"{plural('restricted volume type', len(types))} {quoted(types)}"
    text = f"{plural('volume', len(names))} {quoted(names)} {uses(names)} {what}"
    return Finding("restricted volume types", text)


def _non_root(pod: Subject) -> Finding | None:
    if pod.has_own_users:
        return None
    setters = pod.setters(lambda found: found.get("runAsNonRoot") is False)
    if setters:
        return Finding("runAsNonRoot != true", f"{setters} must not set securityContext.runAsNonRoot=false")
    if context(pod.spec).get("runAsNonRoot"):
        return None
    named = pod.named(lambda found: found.get("runAsNonRoot") is None)
    text = f"pod or {containers(named)} must set securityContext.runAsNonRoot=true"
    return Finding("runAsNonRoot != true", text) if named else None


def _user(pod: Subject) -> Finding | None:
    if pod.minor < 23 or pod.has_own_users:
        return None
    setters = pod.setters(lambda found: found.get("runAsUser") == 0)
    return Finding("runAsUser=0", f"{setters} must not set runAsUser=0") if setters else None


def _seccomp(pod: Subject) -> Finding | None:
    if pod.minor < 19 or pod.is_for_windows:
        return None
    bad = bad_seccomp(pod)
    if bad is not None:
        return bad
    if context(pod.spec).get("seccompProfile") is not None:
        return None
    named = pod.named(lambda found: found.get("seccompProfile") is None)
    text = f'pod or {containers(named)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Finding("seccompProfile", text) if named else None


CHECKS: tuple[Check, ...] = (_escalation, _capabilities, _volumes, _non_root, _user, _seccomp)
"""On top of those of baseline, or in their place."""
