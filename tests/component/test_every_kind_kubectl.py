"""The real kubectl with every kind: made from one file, shown, described, labelled and deleted; and what it lists."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from test_every_kind import sample

from component.proofs import WITHOUT_KUBECTL
from component.served_api import KUBECTLS, ServedApi, served_api
from fairway.kinds import ALL
from fairway.kinds.kind import Kind

pytestmark = pytest.mark.skipif(not KUBECTLS, reason="no kubectl on this machine")
BETA_DESCRIBED = {"VolumeAttributesClass"}
"""kubectl 1.32 describes these by a beta version, which 1.36 does not serve."""


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ServedApi]:
    async with served_api(tmp_path) as made:
        yield made


async def test_kubectl_makes_shows_describes_and_deletes_every_kind(api: ServedApi) -> None:
    chosen = [kind for kind in ALL if kind.name not in WITHOUT_KUBECTL]
    text = "---\n".join(json.dumps(sample(kind)) + "\n" for kind in chosen)
    (api.folder / "all.yaml").write_text(text)
    file = str(api.folder / "all.yaml")
    names = [f"{kind.name.lower()}{f'.{kind.group}' if kind.group else ''}" for kind in chosen]
    created = await api.kubectl("apply", "--server-side", "-f", file)
    assert [line.split("/")[0] for line in created.splitlines() if "serverside-applied" in line] == names
    again = await api.kubectl("apply", "-f", file, "--warnings-as-errors=false")
    assert sum(line.endswith((" configured", " unchanged")) for line in again.splitlines()) == len(chosen)
    shown = await api.kubectl("get", "-f", file, "--no-headers")
    assert len([line for line in shown.splitlines() if "Warning" not in line]) >= len(chosen)
    for_describe = [json.dumps(sample(kind)) for kind in chosen if kind.name not in BETA_DESCRIBED]
    described = await api.kubectl("describe", "-f", "-", text="\n---\n".join(for_describe))
    assert len(re.findall("(?m)^Name: ", described)) == len(for_describe)
    deleted = await api.kubectl("delete", "-f", file, "--wait=false")
    assert sum(" deleted" in line for line in deleted.splitlines()) == len(chosen)
    left = await api.kubectl("get", "-f", file, "--ignore-not-found", "-o", "name")
    assert [line for line in left.splitlines() if not line.startswith("Warning: ")] == []


async def test_kubectl_explains_every_kind(api: ServedApi) -> None:
    turns = asyncio.Semaphore(4)

    async def explained(kind: Kind) -> str:
        async with turns:
            return await api.kubectl("explain", kind.plural, f"--api-version={kind.api_version}")

    for kind, text in zip(ALL, await asyncio.gather(*map(explained, ALL)), strict=True):
        assert re.search(rf"(?m)^KIND: +{kind.name}$", text) and re.search(rf"(?m)^VERSION: +{kind.version}$", text), (
            text
        )
        assert "\nFIELDS:\n" in text and re.search(r"(?m)^  metadata\t<ObjectMeta>", text), text


async def test_the_resources_are_those_of_a_cluster_of_this_version(api: ServedApi) -> None:
    listed = await api.kubectl("api-resources", "--no-headers")
    others = ("extensions/v1beta1", "metrics.k8s.io/v1beta1")  # what has left, and what an add-on serves elsewhere
    found = {tuple(line.split()) for line in listed.splitlines() if not any(each in line for each in others)}
    ours = {row for row in RESOURCES if row[0] in {line[0] for line in found}}
    missing = {row for row in ours if row not in found}
    assert missing == set()
    assert {line for line in found if line not in RESOURCES} == set()


def _row(text: str) -> tuple[str, ...]:
    return tuple(text.split())


RESOURCES = {
    _row(line)
    for line in """
bindings v1 true Binding
componentstatuses cs v1 false ComponentStatus
configmaps cm v1 true ConfigMap
endpoints ep v1 true Endpoints
events ev v1 true Event
limitranges limits v1 true LimitRange
namespaces ns v1 false Namespace
nodes no v1 false Node
persistentvolumeclaims pvc v1 true PersistentVolumeClaim
persistentvolumes pv v1 false PersistentVolume
pods po v1 true Pod
podtemplates v1 true PodTemplate
replicationcontrollers rc v1 true ReplicationController
resourcequotas quota v1 true ResourceQuota
secrets v1 true Secret
serviceaccounts sa v1 true ServiceAccount
services svc v1 true Service
mutatingadmissionpolicies admissionregistration.k8s.io/v1 false MutatingAdmissionPolicy
mutatingadmissionpolicybindings admissionregistration.k8s.io/v1 false MutatingAdmissionPolicyBinding
mutatingwebhookconfigurations admissionregistration.k8s.io/v1 false MutatingWebhookConfiguration
validatingadmissionpolicies admissionregistration.k8s.io/v1 false ValidatingAdmissionPolicy
validatingadmissionpolicybindings admissionregistration.k8s.io/v1 false ValidatingAdmissionPolicyBinding
validatingwebhookconfigurations admissionregistration.k8s.io/v1 false ValidatingWebhookConfiguration
customresourcedefinitions crd,crds apiextensions.k8s.io/v1 false CustomResourceDefinition
apiservices apiregistration.k8s.io/v1 false APIService
controllerrevisions apps/v1 true ControllerRevision
daemonsets ds apps/v1 true DaemonSet
deployments deploy apps/v1 true Deployment
replicasets rs apps/v1 true ReplicaSet
statefulsets sts apps/v1 true StatefulSet
selfsubjectreviews authentication.k8s.io/v1 false SelfSubjectReview
tokenreviews authentication.k8s.io/v1 false TokenReview
localsubjectaccessreviews authorization.k8s.io/v1 true LocalSubjectAccessReview
selfsubjectaccessreviews authorization.k8s.io/v1 false SelfSubjectAccessReview
selfsubjectrulesreviews authorization.k8s.io/v1 false SelfSubjectRulesReview
subjectaccessreviews authorization.k8s.io/v1 false SubjectAccessReview
horizontalpodautoscalers hpa autoscaling/v2 true HorizontalPodAutoscaler
cronjobs cj batch/v1 true CronJob
jobs batch/v1 true Job
certificatesigningrequests csr certificates.k8s.io/v1 false CertificateSigningRequest
leases coordination.k8s.io/v1 true Lease
endpointslices discovery.k8s.io/v1 true EndpointSlice
events ev events.k8s.io/v1 true Event
flowschemas flowcontrol.apiserver.k8s.io/v1 false FlowSchema
prioritylevelconfigurations flowcontrol.apiserver.k8s.io/v1 false PriorityLevelConfiguration
ingressclasses networking.k8s.io/v1 false IngressClass
ingresses ing networking.k8s.io/v1 true Ingress
ipaddresses ip networking.k8s.io/v1 false IPAddress
networkpolicies netpol networking.k8s.io/v1 true NetworkPolicy
servicecidrs networking.k8s.io/v1 false ServiceCIDR
runtimeclasses node.k8s.io/v1 false RuntimeClass
poddisruptionbudgets pdb policy/v1 true PodDisruptionBudget
clusterrolebindings rbac.authorization.k8s.io/v1 false ClusterRoleBinding
clusterroles rbac.authorization.k8s.io/v1 false ClusterRole
rolebindings rbac.authorization.k8s.io/v1 true RoleBinding
roles rbac.authorization.k8s.io/v1 true Role
deviceclasses resource.k8s.io/v1 false DeviceClass
resourceclaims resource.k8s.io/v1 true ResourceClaim
resourceclaimtemplates resource.k8s.io/v1 true ResourceClaimTemplate
resourceslices resource.k8s.io/v1 false ResourceSlice
priorityclasses pc scheduling.k8s.io/v1 false PriorityClass
csidrivers storage.k8s.io/v1 false CSIDriver
csinodes storage.k8s.io/v1 false CSINode
csistoragecapacities storage.k8s.io/v1 true CSIStorageCapacity
storageclasses sc storage.k8s.io/v1 false StorageClass
volumeattachments storage.k8s.io/v1 false VolumeAttachment
volumeattributesclasses vac storage.k8s.io/v1 false VolumeAttributesClass
""".strip().splitlines()
}
"""What ``kubectl api-resources`` prints on Kubernetes 1.36 with its default settings."""
