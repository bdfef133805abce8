"""Enums: fields that take one of a few words, as ``kubectl explain`` lists them.

Shape: ``words(definition, field)`` gives the words in order, or nothing.  Where the field is a list, they are those of
its items.  Definitions are named without their ``io.k8s.api.`` beginning.
Source: Kubernetes docs, "API reference", of each kind.
"""

from collections.abc import Mapping

_BEGINNING = "io.k8s.api."
Words = tuple[str, ...]

_PROTOCOL = ("SCTP", "TCP", "UDP")
_RESTART = ("Always", "Never", "OnFailure")
_PREEMPTION = ("Never", "PreemptLowerPriority")
_PULL = ("Always", "IfNotPresent", "Never")
_TAINT = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME = ("Block", "Filesystem")
_PROFILE = ("Localhost", "RuntimeDefault", "Unconfined")
_HONOR = ("Honor", "Ignore")
_SCOPES = (
    "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating",
    "VolumeAttributesClass",
)  # fmt: skip
_POLICY = ("Cluster", "Local")
_CLAIM = {"accessModes": _MODES, "volumeMode": _VOLUME}
_CONTAINER = {"imagePullPolicy": _PULL, "terminationMessagePolicy": ("FallbackToLogsOnError", "File")}
_UPDATE = {"type": ("OnDelete", "RollingUpdate")}
_WEBHOOK: Mapping[str, Words] = {
    "failurePolicy": ("Fail", "Ignore"), "matchPolicy": ("Equivalent", "Exact"),
    "sideEffects": ("None", "NoneOnDryRun", "Some", "Unknown"),
}  # fmt: skip
_RULE = {"operations": ("*", "CONNECT", "CREATE", "DELETE", "UPDATE"), "scope": ("*", "Cluster", "Namespaced")}

_CORE: Mapping[str, Mapping[str, Words]] = {
    "AppArmorProfile": {"type": _PROFILE},
    "AzureDiskVolumeSource": {
        "cachingMode": ("None", "ReadOnly", "ReadWrite"), "kind": ("Dedicated", "Managed", "Shared"),
    },
    "Container": _CONTAINER,
    "ContainerPort": {"protocol": _PROTOCOL},
    "EndpointPort": {"protocol": _PROTOCOL},
    "EphemeralContainer": _CONTAINER,
    "HTTPGetAction": {"scheme": ("HTTP", "HTTPS")},
    "HostPathVolumeSource": {
        "type": ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"),
    },
    "ImageVolumeSource": {"pullPolicy": _PULL},
    "NamespaceStatus": {"phase": ("Active", "Terminating")},
    "NodeSelectorRequirement": {"operator": ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn")},
    "NodeStatus": {"phase": ("Pending", "Running", "Terminated")},
    "PersistentVolumeClaimSpec": _CLAIM,
    "PersistentVolumeClaimStatus": {"accessModes": _MODES, "phase": ("Bound", "Lost", "Pending")},
    "PersistentVolumeSpec": {**_CLAIM, "persistentVolumeReclaimPolicy": ("Delete", "Recycle", "Retain")},
    "PersistentVolumeStatus": {"phase": ("Available", "Bound", "Failed", "Pending", "Released")},
    "PodSecurityContext": {
        "fsGroupChangePolicy": ("Always", "OnRootMismatch"), "supplementalGroupsPolicy": ("Merge", "Strict"),
    },
    "PodSpec": {
        "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"), "preemptionPolicy": _PREEMPTION,
        "restartPolicy": _RESTART,
    },
    "PodStatus": {
        "phase": ("Failed", "Pending", "Running", "Succeeded", "Unknown"),
        "qosClass": ("BestEffort", "Burstable", "Guaranteed"),
    },
    "PortStatus": {"protocol": _PROTOCOL},
    "ResourceQuotaSpec": {"scopes": _SCOPES},
    "ScopedResourceSelectorRequirement": {
        "operator": ("DoesNotExist", "Exists", "In", "NotIn"), "scopeName": _SCOPES,
    },
    "SeccompProfile": {"type": _PROFILE},
    "SecurityContext": {"procMount": ("Default", "Unmasked")},
    "ServicePort": {"protocol": _PROTOCOL},
    "ServiceSpec": {
        "externalTrafficPolicy": _POLICY, "internalTrafficPolicy": _POLICY, "ipFamilies": ("", "IPv4", "IPv6"),
        "ipFamilyPolicy": ("PreferDualStack", "RequireDualStack", "SingleStack"),
        "sessionAffinity": ("ClientIP", "None"), "type": ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    },
    "Taint": {"effect": _TAINT},
    "Toleration": {"effect": _TAINT, "operator": ("Equal", "Exists", "Gt", "Lt")},
    "TopologySpreadConstraint": {
        "nodeAffinityPolicy": _HONOR, "nodeTaintsPolicy": _HONOR,
        "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
    },
    "VolumeMount": {"mountPropagation": ("Bidirectional", "HostToContainer", "None")},
}  # fmt: skip
ENUMS: Mapping[str, Mapping[str, Words]] = {
    **{f"core.v1.{name}": fields for name, fields in _CORE.items()},
    "admissionregistration.v1.MutatingWebhook": {**_WEBHOOK, "reinvocationPolicy": ("IfNeeded", "Never")},
    "admissionregistration.v1.ValidatingWebhook": _WEBHOOK,
    "admissionregistration.v1.RuleWithOperations": _RULE,
    "admissionregistration.v1.NamedRuleWithOperations": _RULE,
    "admissionregistration.v1.MatchResources": {"matchPolicy": ("Equivalent", "Exact")},
    "admissionregistration.v1.ParamRef": {"parameterNotFoundAction": ("Allow", "Deny")},
    "admissionregistration.v1.ValidatingAdmissionPolicySpec": {"failurePolicy": ("Fail", "Ignore")},
    "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec": {"validationActions": ("Audit", "Deny", "Warn")},
    "apps.v1.DaemonSetUpdateStrategy": _UPDATE,
    "apps.v1.StatefulSetUpdateStrategy": _UPDATE,
    "apps.v1.DeploymentStrategy": {"type": ("Recreate", "RollingUpdate")},
    "apps.v1.StatefulSetSpec": {"podManagementPolicy": ("OrderedReady", "Parallel")},
    "batch.v1.CronJobSpec": {"concurrencyPolicy": ("Allow", "Forbid", "Replace")},
    "batch.v1.JobSpec": {
        "completionMode": ("Indexed", "NonIndexed"), "podReplacementPolicy": ("Failed", "TerminatingOrFailed"),
    },
    "batch.v1.PodFailurePolicyOnExitCodesRequirement": {"operator": ("In", "NotIn")},
    "batch.v1.PodFailurePolicyRule": {"action": ("Count", "FailIndex", "FailJob", "Ignore")},
    "discovery.v1.EndpointPort": {"protocol": _PROTOCOL},
    "discovery.v1.EndpointSlice": {"addressType": ("FQDN", "IPv4", "IPv6")},
    "networking.v1.HTTPIngressPath": {"pathType": ("Exact", "ImplementationSpecific", "Prefix")},
    "networking.v1.IngressPortStatus": {"protocol": _PROTOCOL},
    "networking.v1.NetworkPolicyPort": {"protocol": _PROTOCOL},
    "networking.v1.NetworkPolicySpec": {"policyTypes": ("Egress", "Ingress")},
    "policy.v1.PodDisruptionBudgetSpec": {"unhealthyPodEvictionPolicy": ("AlwaysAllow", "IfHealthyBudget")},
    "scheduling.v1.PriorityClass": {"preemptionPolicy": _PREEMPTION},
    "storage.v1.StorageClass": {
        "reclaimPolicy": ("Delete", "Recycle", "Retain"), "volumeBindingMode": ("Immediate", "WaitForFirstConsumer"),
    },
}  # fmt: skip


_DEFAULTS: Mapping[tuple[str, str], str | bool] = {
    ("core.v1.ContainerPort", "protocol"): "TCP", ("core.v1.ServicePort", "protocol"): "TCP",
    ("core.v1.ISCSIVolumeSource", "iscsiInterface"): "default", ("core.v1.GRPCAction", "service"): "",
    ("core.v1.AzureDiskVolumeSource", "cachingMode"): "ReadWrite", ("core.v1.AzureDiskVolumeSource", "kind"): "Shared",
    ("core.v1.AzureDiskVolumeSource", "fsType"): "ext4", ("core.v1.AzureDiskVolumeSource", "readOnly"): False,
    ("core.v1.RBDVolumeSource", "pool"): "rbd", ("core.v1.RBDVolumeSource", "user"): "admin",
    ("core.v1.RBDVolumeSource", "keyring"): "/etc/ceph/keyring", ("core.v1.ScaleIOVolumeSource", "fsType"): "xfs",
    ("core.v1.ScaleIOVolumeSource", "storageMode"): "ThinProvisioned", ("core.v1.LocalObjectReference", "name"): "",
    ("core.v1.ConfigMapKeySelector", "name"): "", ("core.v1.SecretKeySelector", "name"): "",
    ("core.v1.ConfigMapEnvSource", "name"): "", ("core.v1.SecretEnvSource", "name"): "",
    ("core.v1.ConfigMapProjection", "name"): "", ("core.v1.SecretProjection", "name"): "",
    ("core.v1.ConfigMapVolumeSource", "name"): "",
}  # fmt: skip


def default(definition: str, field: str) -> "str | bool | None":
    """What the field says where it is left out, as far as upstream's types declare it."""
    return _DEFAULTS.get((definition.removeprefix(_BEGINNING), field))


def words(definition: str, field: str) -> Words:
    """What the field, or an item of it, may say."""
    return ENUMS.get(definition.removeprefix(_BEGINNING), {}).get(field, ())
