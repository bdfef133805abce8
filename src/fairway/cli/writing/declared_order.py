"""Declared order: the order in which Kubernetes' types declare their fields, as ``-o json`` shows new objects.

Pure.  Objects that a generator made stand in that order already; what a server answers is put into it here.
Source: the Go types of the API, whose order ``kubectl create deployment -o json`` shows.
"""

from fairway.cli.printers.documents import Declared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FIELDS = """
kind apiVersion metadata name generateName namespace uid resourceVersion generation creationTimestamp deletionTimestamp
deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields
immutable data stringData binaryData secrets imagePullSecrets
observedGeneration replicas
volumes initContainers containers image command args workingDir ports envFrom env value valueFrom resources resizePolicy
volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath
terminationMessagePolicy imagePullPolicy
restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName
serviceAccount automountServiceAccountToken nodeName hostNetwork securityContext stdin stdinOnce tty hostname subdomain
affinity schedulerName tolerations hostAliases priorityClassName priority enableServiceLinks preemptionPolicy
hostPort containerPort protocol hostIP appProtocol port targetPort nodePort number
selector matchLabels matchExpressions clusterIP clusterIPs type rollingUpdate maxUnavailable maxSurge externalIPs
sessionAffinity loadBalancerIP loadBalancerSourceRanges externalName externalTrafficPolicy healthCheckNodePort
publishNotReadyAddresses sessionAffinityConfig ipFamilies ipFamilyPolicy allocateLoadBalancerNodePorts
loadBalancerClass internalTrafficPolicy trafficDistribution
ingressClassName defaultBackend tls hosts secretName rules host http paths path pathType backend service resource
audiences expirationSeconds boundObjectRef token expirationTimestamp
template strategy minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds
updatedReplicas readyReplicas availableReplicas unavailableReplicas conditions collisionCount
spec status loadBalancer
"""
_PLACES = {name: place for place, name in enumerate(_FIELDS.split())}
_FREE = ("labels", "annotations", "matchLabels", "data", "binaryData", "nodeSelector", "limits", "requests")
"""Fields whose members anybody may name: those stand in the order of the alphabet."""


def typed(found: "dict[str, Any]", *, is_new: bool, is_json: bool) -> "dict[str, Any]":
    """The object as a program shows it that knows its type.

    ``is_new``: a generator's, else a server's.  Only JSON cares for the order.
    """
    template = (found.get("spec") or {}).get("template")
    if template and not is_new:
        # A time that is not given is shown as none.
        template = {**template, "metadata": {"creationTimestamp": None, **(template.get("metadata") or {})}}
        found = {**found, "spec": {**found["spec"], "template": template}}
    if not is_json:
        return found
    shown: dict[str, Any] = declared(found if is_new else ordered(found))
    return shown


def filled(found: "dict[str, Any]") -> "dict[str, Any]":
    """A manifest as a program shows it that knows its type: with the fields that are never left out."""
    found = {**found, "metadata": {"creationTimestamp": None, **found["metadata"]}}
    if not found["kind"].endswith("RoleBinding"):
        found["status"] = found.get("status") or {}
    kind, spec = found["kind"], dict(found.get("spec") or {})
    if kind == "Service":
        found["status"] = {"loadBalancer": {}, **found["status"]}
        spec["ports"] = [{"targetPort": 0, **port} for port in spec.get("ports") or ()]
    elif kind == "Deployment":
        spec.setdefault("strategy", {})
    elif kind == "DaemonSet":
        spec.setdefault("updateStrategy", {})
    if template := spec.get("template"):
        meta = {"creationTimestamp": None, **(template.get("metadata") or {})}
        spec["template"] = {**template, "metadata": meta, "spec": _with_resources(template.get("spec") or {})}
    elif kind == "Pod":
        spec = _with_resources(spec)
    return {**found, "spec": spec} if "spec" in found else found


def _with_resources(spec: "dict[str, Any]") -> "dict[str, Any]":
    fields = [field for field in ("initContainers", "containers") if spec.get(field)]
    return {**spec, **{field: [{"resources": {}, **each} for each in spec[field]] for field in fields}}


def declared(found: "Any") -> "Any":
    """The object, with its members in the order in which they are."""
    if isinstance(found, dict):
        return Declared((name, declared(value)) for name, value in found.items())
    return [declared(item) for item in found] if isinstance(found, list) else found


def ordered(found: "Any", field: str = "") -> "Any":
    """The object, with its members in the order of their types; ``field`` is where it stands."""
    if isinstance(found, list):
        return [ordered(item, field) for item in found]
    if not isinstance(found, dict):
        return found
    is_free = field in _FREE or (field == "selector" and not found.keys() & {"matchLabels", "matchExpressions"})
    names = sorted(found, key=lambda name: (0 if is_free else _PLACES.get(name, len(_PLACES)), name))
    return {name: ordered(found[name], name) for name in names}
