"""What a pod spec may leave out.

Source: Kubernetes API reference, "PodSpec v1 core", "Container v1 core".
"""

import re
from typing import Any

from fairway.kinds.rules.claim_spec import fill_claim_spec
from fairway.kinds.rules.quantities import canonical_amount, canonical_amounts
from fairway.kinds.rules.storage_sources import fill_sources
from fairway.kinds.rules.values import child, drop_null, fill, fill_empty
from fairway.objects import Object

_LISTS = ("containers", "initContainers", "ephemeralContainers")
_FILE_MODE = 0o644
_LONGEST_IMAGE = 255
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_is_image = re.compile(
    rf"(?:(?:{_HOST}(?:\.{_HOST})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?{_PART}(?:/{_PART})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
).fullmatch
"""How references to images look (distribution's grammar)."""
_WITH_FILES = ("secret", "configMap", "downwardAPI", "projected")


def fill_template(template: Object) -> None:
    """A template of pods, as ReplicaSets and Deployments carry it."""
    metadata = child(template, "metadata")
    drop_null(metadata, "labels", "annotations")
    fill_spec(child(template, "spec"))


def fill_spec(spec: Object) -> None:
    """What is filled in for Pods and templates alike."""
    drop_null(spec, *_LISTS, "volumes", "nodeSelector", "tolerations", "imagePullSecrets", "affinity")
    fill_empty(
        spec, dnsPolicy="ClusterFirst", restartPolicy="Always", schedulerName="default-scheduler"
    )  # fmt: skip
    fill(spec, terminationGracePeriodSeconds=30)
    child(spec, "securityContext")
    _service_account(spec)
    for name in _LISTS:
        for container in spec.get(name) or ():
            fill_container(container)
    for volume in spec.get("volumes") or ():
        _volume(volume)
    canonical_amounts(spec.get("overhead"))


def _service_account(spec: Object) -> None:
    """``serviceAccount`` is the old name of ``serviceAccountName``; objects show both."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name
    else:
        spec.pop("serviceAccountName", None)
        spec.pop("serviceAccount", None)


def fill_container(container: Object) -> None:
    """One container of any of the three lists."""
    image = container.get("image") or ""
    fill_empty(
        container,
        imagePullPolicy="Always" if _tag(image) == "latest" else "IfNotPresent",
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    resources = child(container, "resources")
    canonical_amounts(resources.get("limits"))
    canonical_amounts(resources.get("requests"))
    for port in container.get("ports") or ():
        fill_empty(port, protocol="TCP")
    for variable in container.get("env") or ():
        _variable(variable)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is not None:
            fill_empty(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            _handler(probe)
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict):
            _handler(hook)


def _tag(image: str) -> str:
    """The tag of an image reference: ``latest`` if there is neither tag nor digest; of what is no reference, none."""
    if not _is_image(image) or len(image.partition("@")[0]) > _LONGEST_IMAGE:
        return ""
    name, at, _ = image.partition("@")
    last = name.rpartition("/")[2]
    _, colon, tag = last.partition(":")
    if colon:
        return tag
    return "" if at or not image else "latest"


def _handler(handler: Object) -> None:
    request = handler.get("httpGet")
    if request is not None:
        fill_empty(request, path="/", scheme="HTTP")
    call = handler.get("grpc")
    if call is not None:
        fill(call, service="")


def _variable(variable: Object) -> None:
    source = variable.get("valueFrom")
    if source is None:
        drop_null(variable, "valueFrom")
        return
    if source.get("fieldRef") is not None:
        fill_empty(source["fieldRef"], apiVersion="v1")
    if source.get("resourceFieldRef") is not None:
        _divisor(source["resourceFieldRef"])


def _divisor(reference: Object) -> None:
    reference["divisor"] = canonical_amount(reference.get("divisor") or "0")


def _volume(volume: Object) -> None:
    drop_null(volume, *[name for name in volume if name != "name"])
    if len(volume) == ("name" in volume):
        volume["emptyDir"] = {}
    for name in _WITH_FILES:
        if name in volume:
            fill(volume[name], defaultMode=_FILE_MODE)
    fill_sources(volume)
    if "image" in volume:
        latest = _tag(volume["image"].get("reference") or "") == "latest"
        fill_empty(volume["image"], pullPolicy="Always" if latest else "IfNotPresent")
    if template := (volume.get("ephemeral") or {}).get("volumeClaimTemplate"):
        child(template, "metadata")
        fill_claim_spec(child(template, "spec"))
    if (volume.get("emptyDir") or {}).get("sizeLimit") is not None:
        volume["emptyDir"]["sizeLimit"] = canonical_amount(volume["emptyDir"]["sizeLimit"])
    for source in (volume.get("projected") or {}).get("sources") or ():
        if source.get("serviceAccountToken") is not None:
            fill(source["serviceAccountToken"], expirationSeconds=3600)
        _files(source.get("downwardAPI"))
    _files(volume.get("downwardAPI"))


def _files(source: Any) -> None:
    for item in (source or {}).get("items") or ():
        if item.get("fieldRef") is not None:
            fill_empty(item["fieldRef"], apiVersion="v1")
        if item.get("resourceFieldRef") is not None:
            _divisor(item["resourceFieldRef"])
