"""Workloads: what is said of Deployments, ReplicaSets and their like, and of settings that pods read.

Source: Kubernetes docs, "Workload Management", "ConfigMaps", "Secrets".
"""

from fairway.apiserver.openapi.descriptions.meta import CONDITION
from fairway.apiserver.openapi.descriptions.text import Texts

_MIN_READY = "How many seconds a pod must be ready before it counts as available. Default 0."
_HISTORY = "How many old revisions are kept to go back to. Default 10."
_SELECTOR = "Which pods are its own, by their labels; the template's labels must fit. It cannot be changed."
_SEEN = "The generation that this status is about; one that is behind metadata.generation is not up to date."
_TERMINATING = "How many of its pods are on their way out."

WORKLOADS: Texts = {
    "apps.v1.Deployment": ("Keeps pods of one template running and replaces them step by step when it changes.", {
        "spec": "How many pods of which template, and how they are replaced.",
        "status": "How far it is. Written by the system.",
    }),
    "apps.v1.DeploymentSpec": ("What is wanted of a Deployment.", {
        "minReadySeconds": _MIN_READY,
        "paused": "Whether changes of the template wait, until it is resumed.",
        "progressDeadlineSeconds": "After how many seconds without progress a rollout counts as failed. Default 600.",
        "replicas": "How many pods. Default 1.",
        "revisionHistoryLimit": "How many old ReplicaSets are kept to go back to. Default 10.",
        "selector": _SELECTOR,
        "strategy": "How old pods are replaced by new ones.",
        "template": "What its pods are made from. Every change of it starts a rollout.",
    }),
    "apps.v1.DeploymentStrategy": ("A way to replace pods, with its bounds.", {
        "rollingUpdate": "The bounds of a rolling update; only for type RollingUpdate.",
        "type": "RollingUpdate: step by step, so that there are always enough. Recreate: all old ones end before a new "
                "one starts. Default RollingUpdate.",
    }),
    "apps.v1.RollingUpdateDeployment": ("The bounds of a rolling update. Not both may be 0.", {
        "maxSurge": "How many pods, or per cent rounded up, may exist above the wanted number. Default 25%.",
        "maxUnavailable": "How many pods, or per cent rounded down, may be missing from the wanted number. Default "
                          "25%.",
    }),
    "apps.v1.DeploymentStatus": ("How far a Deployment is.", {
        "availableReplicas": "How many pods have been ready for minReadySeconds.",
        "collisionCount": "How often a name for a new ReplicaSet was taken already; it makes the next name another "
                          "one.",
        "conditions": "Available: enough pods are. Progressing: the rollout goes on, or is done. ReplicaFailure: pods "
                      "cannot be made.",
        "observedGeneration": _SEEN,
        "readyReplicas": "How many pods are ready.",
        "replicas": "How many pods there are, old and new, but for those on their way out.",
        "terminatingReplicas": _TERMINATING,
        "unavailableReplicas": "How many pods are missing from the wanted number of available ones.",
        "updatedReplicas": "How many pods are of the present template.",
    }),
    "apps.v1.DeploymentCondition": ("One aspect of a Deployment's state.", {
        **CONDITION, "lastUpdateTime": "When the condition was last written.",
    }),
    "apps.v1.ReplicaSet": (
        "Keeps a number of pods of one template running. Mostly a Deployment makes it: change that one.", {
            "spec": "How many pods of which template.", "status": "How many pods there are. Written by the system."}),
    "apps.v1.ReplicaSetSpec": ("What is wanted of a ReplicaSet.", {
        "minReadySeconds": _MIN_READY, "replicas": "How many pods. Default 1.", "selector": _SELECTOR,
        "template": "What new pods are made from. A change leaves the pods that there are as they are.",
    }),
    "apps.v1.ReplicaSetStatus": ("How many pods of a ReplicaSet there are.", {
        "availableReplicas": "How many have been ready for minReadySeconds.",
        "conditions": "ReplicaFailure: pods cannot be made, or not be deleted.",
        "fullyLabeledReplicas": "How many have all labels of the template.",
        "observedGeneration": _SEEN, "readyReplicas": "How many are ready.",
        "replicas": "How many there are, but for those on their way out.", "terminatingReplicas": _TERMINATING,
    }),
    "apps.v1.ReplicaSetCondition": ("One aspect of a ReplicaSet's state.", CONDITION),
    "core.v1.ReplicationController": ("Keeps a number of pods running; ReplicaSets and Deployments are newer.", {
        "spec": "How many pods of which template.", "status": "How many pods there are. Written by the system."}),
    "core.v1.ReplicationControllerSpec": ("What is wanted of a ReplicationController.", {
        "minReadySeconds": _MIN_READY, "replicas": "How many pods. Default 1.",
        "selector": "The labels that its pods have. Default the template's labels.",
        "template": "What new pods are made from.",
    }),
    "apps.v1.DaemonSet": ("Keeps one pod of a template on every node, or on every node of a sort.", {
        "spec": "Which pods on which nodes, and how they are replaced.",
        "status": "On how many nodes its pods are. Written by the system."}),
    "apps.v1.DaemonSetSpec": ("What is wanted of a DaemonSet.", {
        "minReadySeconds": _MIN_READY, "revisionHistoryLimit": _HISTORY, "selector": _SELECTOR,
        "template": "What its pods are made from; its nodeSelector and affinity choose the nodes.",
        "updateStrategy": "How old pods are replaced by new ones: RollingUpdate (the default) or OnDelete.",
    }),
    "apps.v1.RollingUpdateDaemonSet": ("The bounds of a rolling update; one of the two is 0.", {
        "maxSurge": "On how many nodes, or per cent, a new pod may run beside the old one. Default 0.",
        "maxUnavailable": "On how many nodes, or per cent, no pod need be available. Default 1.",
    }),
    "apps.v1.StatefulSet": ("Keeps pods with names and volumes of their own, made and replaced in order.", {
        "spec": "How many pods of which template, and how they are replaced.",
        "status": "How far it is. Written by the system."}),
    "apps.v1.StatefulSetSpec": ("How many pods of which template, their volumes, and how they are replaced.", {
        "minReadySeconds": _MIN_READY, "ordinals": "Which number the first pod has. Default 0.",
        "persistentVolumeClaimRetentionPolicy": "What becomes of the claims when the set is deleted, or made smaller.",
        "podManagementPolicy": "OrderedReady: one pod after the other. Parallel: all at once. Default OrderedReady.",
        "replicas": "How many pods. Default 1.", "revisionHistoryLimit": _HISTORY, "selector": _SELECTOR,
        "serviceName": "The headless Service that gives each pod a name in DNS.",
        "template": "What its pods are made from. Each is called NAME-NUMBER.",
        "updateStrategy": "How old pods are replaced by new ones: RollingUpdate (the default) or OnDelete.",
        "volumeClaimTemplates": "The claims that each pod gets for itself, and keeps when it is made anew.",
    }),
    "apps.v1.ControllerRevision": ("One state of a workload, kept to go back to.", {
        "data": "The state, as a patch. It cannot be changed.", "revision": "Its number; the highest is the present.",
    }),
    "batch.v1.Job": ("Runs pods until enough of them have ended well.", {
        "spec": "Which pods, how many, and what happens when they fail.",
        "status": "How far it is. Written by the system."}),
    "batch.v1.CronJob": ("Makes a Job again and again, by a schedule.", {
        "spec": "The schedule and the Job.", "status": "Which Jobs run, and when the last one began."}),
    "core.v1.ConfigMap": ("Settings that pods read as files or environment variables.", {
        "binaryData": "Values that are not text, in base64. Keys of data may not come again here.",
        "data": "Keys and values, as text.",
        "immutable": "Whether the data can never be changed. Once set it stays so."}),
    "core.v1.Secret": ("Settings that are not for everyone's eyes. All together at most 1 MiB.", {
        "data": "Keys and values, in base64.",
        "immutable": "Whether the data can never be changed. Once set it stays so.",
        "stringData": "Keys and values as text, for writing only; they end up in data.",
        "type": "What the keys mean, such as kubernetes.io/tls. Default Opaque. It cannot be changed."}),
    "core.v1.ServiceAccount": ("An account that pods act as towards the API.", {}),
    "core.v1.Node": ("A machine that runs pods.", {
        "spec": "Its addresses for pods, and which pods it takes.", "status": "What its agent tells of it."}),
    "core.v1.Event": ("Something that happened to an object, told for people.", {
        "involvedObject": "The object it happened to.", "message": "What happened, in a sentence.",
        "reason": "What happened, in one word.", "type": "Normal or Warning.", "count": "How often it happened."}),
    "core.v1.PersistentVolume": ("A piece of storage in the cluster.", {}),
    "core.v1.PersistentVolumeClaim": ("A wish for storage, and the volume that fulfils it.", {
        "spec": "What is asked for.", "status": "What was got."}),
}  # fmt: skip
