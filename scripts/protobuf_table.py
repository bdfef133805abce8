#!/usr/bin/env python3
"""Write ``src/fairway/apiserver/protobuf/messages.txt`` from the descriptors that a Kubernetes client carries.

Usage: scripts/protobuf_table.py /path/to/kubectl [/path/to/kube-apiserver]
Programs written in Go kept the descriptors of their protobuf messages, packed with gzip, up to Kubernetes 1.34; a newer
kubectl knows more fields.  An API server knows definitions and APIServices, too.  Field numbers never change.
"""

import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOUSE / "src"))

from fairway.objects import schema  # noqa: E402
from fairway.objects.wire import fields  # noqa: E402

TABLE = HOUSE / "src/fairway/apiserver/protobuf/messages.txt"
WANTED = re.compile(
    r"k8s\.io\.(api\.(core\.v1|apps\.v1|apps\.v1beta[12]|extensions\.v1beta1|autoscaling\.v[12]|batch\.v1|coordination\.v1"
    r"|discovery\.v1|events\.v1|networking\.v1|policy\.v1|authentication\.v1|authorization\.v1|rbac\.v1|certificates\.v1"
    r"|storage\.v1|scheduling\.v1|node\.v1|admissionregistration\.v1(beta1)?|flowcontrol\.v1|resource\.v1)"
    r"|apiextensions_apiserver\.pkg\.apis\.apiextensions\.v1|kube_aggregator\.pkg\.apis\.apiregistration\.v1"
    r"|apimachinery\.pkg\.(api\.resource|apis\.meta\.v1|runtime|util\.intstr))$"
)
# What was in a beta version alone when descriptors were last kept; the version after it has the same numbers.
GRADUATED = {"k8s.io.api.admissionregistration.v1beta1": "k8s.io.api.admissionregistration.v1"}
IS_GRADUATED = re.compile(r"Mutating(AdmissionPolicy)|Mutation|JSONPatch|ApplyConfiguration").match
# Fields that came after the API server whose descriptors are read.
LATER = {
    "apiextensions.v1.CustomResourceDefinitionVersion": "9:selectableFields:[]apiextensions.v1.SelectableField",
    "apiextensions.v1.CustomResourceDefinitionCondition": "6:observedGeneration:i",
    "apiextensions.v1.CustomResourceDefinitionStatus": "4:observedGeneration:i",
    "apiextensions.v1.JSONSchemaProps": "44:x-kubernetes-validations:[]apiextensions.v1.ValidationRule",
}
LATER_MESSAGES = (
    "apiextensions.v1.SelectableField|1:jsonPath!:s",
    "apiextensions.v1.ValidationRule|1:rule!:s|2:message:s|3:messageExpression:s|4:reason:s|5:fieldPath:s"
    "|6:optionalOldSelf!:b",
)
LETTERS = {1: "n", 3: "i", 4: "i", 5: "i", 8: "b", 9: "s", 12: "y", 13: "i"}
MESSAGE, REPEATED = 11, 3
# Pointers in Go: zero, false or empty differs from being absent.  A name that is a pointer in some messages only stands
# with its message.
POINTERS = frozenset({
    "activeDeadlineSeconds", "allocateLoadBalancerNodePorts", "allowPrivilegeEscalation", "allowVolumeExpansion",
    "appProtocol", "attachRequired", "automountServiceAccountToken", "backoffLimit", "backoffLimitPerIndex",
    "borrowingLimitPercent", "lendablePercent", "nominalConcurrencyShares",
    "blockOwnerDeletion", "collisionCount", "completions", "controller", "defaultMode", "deletionGracePeriodSeconds",
    "enableServiceLinks", "endPort", "expirationSeconds", "failedJobsHistoryLimit", "force", "fsGroup",
    "gracePeriodSeconds", "holderIdentity", "hostUsers", "immutable", "ingressClassName", "leaseDurationSeconds",
    "leaseTransitions", "limitBytes", "loadBalancerClass", "localhostProfile", "manualSelector", "maxFailedIndexes",
    "minDomains", "minReplicas", "mode", "optional", "orphanDependents", "parallelism", "partition", "podInfoOnMount",
    "privileged", "progressDeadlineSeconds", "readOnlyRootFilesystem", "ready", "remainingItemCount", "replicas",
    "requiresRepublish", "revisionHistoryLimit", "runAsGroup", "runAsNonRoot", "runAsUser", "runAsUserName",
    "runtimeClassName", "serving", "setHostnameAsFQDN", "shareProcessNamespace", "sinceSeconds", "started",
    "startingDeadlineSeconds", "storageCapacity", "storageClassName", "successfulJobsHistoryLimit", "suspend",
    "tailLines", "targetCPUUtilizationPercentage", "terminating", "terminationGracePeriodSeconds",
    "tolerationSeconds", "ttlSecondsAfterFinished", "url",
    "core.v1.ClientIPConfig.timeoutSeconds", "core.v1.EndpointAddress.nodeName", "core.v1.PodDNSConfigOption.value",
    "core.v1.PodSpec.priority", "core.v1.PortStatus.error", "core.v1.TypedLocalObjectReference.apiGroup",
    "discovery.v1.Endpoint.hostname", "discovery.v1.Endpoint.nodeName", "discovery.v1.Endpoint.zone",
    "discovery.v1.EndpointPort.name", "discovery.v1.EndpointPort.port", "meta.v1.Preconditions.resourceVersion",
    "meta.v1.Preconditions.uid", "networking.v1.IngressClassParametersReference.apiGroup",
    "networking.v1.IngressClassParametersReference.namespace",
    "adminAccess", "allNodes", "allowMultipleAllocations", "bindsToNode", "perDeviceNodeSelection",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-list-type", "x-kubernetes-map-type",
    *(f"apiextensions.v1.JSONSchemaProps.{name}" for name in (
        "maximum", "minimum", "maxLength", "minLength", "maxItems", "minItems", "multipleOf", "maxProperties",
        "minProperties",
    )),
    "resource.v1.DeviceAttribute.int", "resource.v1.DeviceAttribute.bool", "resource.v1.DeviceAttribute.string",
    "resource.v1.DeviceAttribute.version",
})  # fmt: skip


def descriptors(program: bytes) -> Iterator[bytes]:
    """Every packed file descriptor in a program."""
    at = -1
    while (at := program.find(b"\x1f\x8b\x08", at + 1)) >= 0:
        try:
            found = zlib.decompressobj(31).decompress(program[at : at + 400_000])
        except zlib.error:
            continue
        if found[:1] == b"\n" and b".proto" in found[:200]:
            yield found


def parsed(raw: bytes | memoryview) -> dict[int, list[Any]]:
    """The fields of a descriptor by number."""
    found: dict[int, list[Any]] = {}
    for number, _, value in fields(memoryview(raw)):
        found.setdefault(number, []).append(value)
    return found


def text(found: dict[int, list[Any]], number: int) -> str:
    """The text of one field, or empty."""
    return bytes(found[number][0]).decode() if number in found else ""


def short(name: str) -> str:
    """``core.v1.ServiceSpec`` for ``.k8s.io.api.core.v1.ServiceSpec``."""
    name = name.lstrip(".")
    package, _, message = name.rpartition(".")
    if package in GRADUATED:
        name = f"{GRADUATED[package]}.{message}"
    for prefix, instead in (
        ("k8s.io.api.", ""), ("k8s.io.apimachinery.pkg.apis.", ""), ("k8s.io.apimachinery.pkg.api.", ""),
        ("k8s.io.apimachinery.pkg.util.", ""), ("k8s.io.apimachinery.pkg.", ""),
        ("k8s.io.apiextensions_apiserver.pkg.apis.", ""), ("k8s.io.kube_aggregator.pkg.apis.", ""),
    ):  # fmt: skip
        if name.startswith(prefix):
            return instead + name.removeprefix(prefix)
    return name


def definition(package: str, message: str) -> Any:
    """What the schema says of a message, or ``None``."""
    path = f"io.{package}.{message}".replace("io.k8s.io.", "io.k8s.").replace("_", "-")
    try:
        return schema.definition(schema.place_named(path))
    except (KeyError, ValueError):
        return None


def lines(raw: bytes) -> Iterator[str]:
    """One line for each message of a file."""
    file = parsed(raw)
    package = text(file, 2)
    if not WANTED.match(package):
        return
    graduated = GRADUATED.get(package)
    for message in map(parsed, file.get(4, ())):
        name = text(message, 1)
        if graduated and not IS_GRADUATED(name):
            continue
        maps = {text(entry, 1): entry for entry in map(parsed, message.get(3, ()))}
        known = definition(graduated or package, name)
        title = short(f"{package}.{name}")
        columns = [column(title, parsed(field), maps, known) for field in message.get(2, ())]
        yield "|".join([title, *columns, *([LATER[title]] if title in LATER else ())])


def column(message: str, field: dict[int, list[Any]], maps: dict[str, Any], known: Any) -> str:
    """One field in the table's form."""
    name, number, type_ = in_json(text(field, 1), known), field[3][0], field[5][0]
    target = text(field, 6)
    entry = maps.get(target.rpartition(".")[2]) if type_ == MESSAGE else None
    is_unknown = known is not None and known.fields is not None and name not in known.fields
    prefix = "^" if is_unknown and type_ == MESSAGE and field[4][0] != REPEATED else ""
    required = known is not None and name in (known.required or ())
    is_pointer = name in POINTERS or f"{message}.{name}" in POINTERS
    suffix = "!" if is_pointer or (required and not prefix) else ""
    if entry is not None:
        value = parsed(entry[2][1])
        shown = "{}" + letter(value[5][0], text(value, 6))
    else:
        shown = ("[]" if field[4][0] == REPEATED else "") + letter(type_, target)
    return f"{number}:{prefix}{name}{suffix}:{shown}"


def in_json(name: str, known: Any) -> str:
    """The field's name in JSON, which may differ by letters' case and signs (``aPIGroup``, ``xKubernetesListType``)."""
    fields = (known.fields or ()) if known is not None else ()
    return next((each for each in fields if re.sub("[-$]", "", each).lower() == name.lower()), name)


def letter(type_: int, target: str) -> str:
    """A type in the table's form."""
    return short(target) if type_ == MESSAGE else LETTERS[type_]


def main() -> None:
    """Write the table."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    known: dict[str, str] = {line.partition("|")[0]: line for line in LATER_MESSAGES}
    for program in sys.argv[1:]:
        for raw in descriptors(Path(program).read_bytes()):
            for line in lines(raw):
                # What a program knows counts more than what those after it do.
                known.setdefault(line.partition("|")[0], line)
    found = sorted(known.values())
    TABLE.write_text("# Made by scripts/protobuf_table.py; see messages.py for the form.\n" + "\n".join(found) + "\n")
    print(f"{len(found)} messages in {TABLE}")


if __name__ == "__main__":
    main()
