"""Descriptions: what ``kubectl explain`` says of the kinds and fields that people ask about most.

Shape: ``of_definition(name)`` and ``of_field(definition, field)`` are texts, or empty; imported only when a document is
made.  Definitions are named without their ``io.k8s.api`` or ``io.k8s.apimachinery.pkg.apis`` beginning.
Source: Kubernetes docs on each kind; the words are ours.
"""

from collections.abc import Mapping

_BEGINNINGS = ("io.k8s.apimachinery.pkg.apis.", "io.k8s.api.")

_OF_OBJECTS: Mapping[str, str] = {
    "apiVersion": "Group and version of the API that this object is written in.",
    "kind": "The type of the object, in CamelCase.",
    "metadata": "What every object has: its name, namespace, labels, annotations and history.",
    "spec": "What is wanted.",
    "status": "What is: written by the system, never by hand.",
}

DEFINITIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "meta.v1.ObjectMeta": ("What every object has, whatever its kind.", {
        "annotations": "Free notes of any size for tools and people; nothing is selected by them.",
        "creationTimestamp": "When the object was created. Set by the server.",
        "deletionGracePeriodSeconds": "How long the object may take to end once its deletion was asked for.",
        "deletionTimestamp": "When the object is due to be gone; set when its deletion is asked for, never taken back.",
        "finalizers": "Work that must be done, by those it names, before the object may disappear.",
        "generateName": "What the name begins with where the server shall choose the rest.",
        "generation": "Grows by one with each change of what is wanted.",
        "labels": "Keys and values by which objects are found, grouped and selected.",
        "managedFields": "Which writer last set which field.",
        "name": "The name, unique among the objects of a kind in a namespace. It cannot be changed.",
        "namespace": "The space in which the name is unique. It cannot be changed.",
        "ownerReferences": "The objects this one belongs to; when all of them are gone, it is removed too.",
        "resourceVersion": "An opaque mark of this state of the object; an update with an older one is refused.",
        "selfLink": "No longer filled in.",
        "uid": "Tells this object from every other that ever had its name.",
    }),
    "core.v1.Service": (
        "One stable address and name for a set of pods that comes and goes. The selector says which pods; the "
        "ports say where clients call and where the pods listen.", {}),
    "core.v1.ServiceSpec": ("How a Service is reached and which pods answer.", {
        "allocateLoadBalancerNodePorts": "Whether ports of type LoadBalancer get node ports too. Default true.",
        "clusterIP": 'The address inside the cluster. Left out: one is chosen. "None": no address, names lead to the '
                     "pods themselves. It cannot be changed once set.",
        "clusterIPs": "The addresses of both families; the first one is clusterIP.",
        "externalIPs": "Addresses from outside that lead to a node and are answered by this Service too.",
        "externalName": "The DNS name that a Service of type ExternalName stands for.",
        "externalTrafficPolicy": "Cluster: calls from outside reach every pod, from a node's address. Local: only pods "
                                 "of the node that was called, and the client's address is kept.",
        "healthCheckNodePort": "Where load balancers ask whether a node has pods of a Service with policy Local.",
        "internalTrafficPolicy": "Cluster: calls from inside reach every pod. Local: only those of the caller's node.",
        "ipFamilies": "IPv4, IPv6 or both, in order of preference.",
        "ipFamilyPolicy": "SingleStack, PreferDualStack or RequireDualStack.",
        "loadBalancerClass": "Which implementation of load balancers shall serve this Service.",
        "loadBalancerIP": "The address asked of the load balancer. Deprecated; not every implementation heeds it.",
        "loadBalancerSourceRanges": "The client networks that a load balancer lets through.",
        "ports": "The ports of the Service. Several ports need names.",
        "publishNotReadyAddresses": "Whether pods that are not ready are published too.",
        "selector": "Labels that a pod must have to answer for this Service. Without it, its endpoints are written by "
                    "hand.",
        "sessionAffinity": "None: each connection goes to any pod. ClientIP: all those of a client go to the same one.",
        "sessionAffinityConfig": "How long a client stays with its pod.",
        "trafficDistribution": "Which pods are preferred: PreferSameZone, PreferSameNode or PreferClose.",
        "type": "ClusterIP: reached inside the cluster. NodePort: also at a port of every node. LoadBalancer: also at "
                "an address outside. ExternalName: a name for a name elsewhere. Default ClusterIP.",
    }),
    "core.v1.ServicePort": ("One port of a Service: where clients call, and where the pods listen.", {
        "appProtocol": "The protocol spoken above TCP or UDP, as a hint.",
        "name": "The port's name within the Service; needed where there are several.",
        "nodePort": "The port of every node that leads here, for types NodePort and LoadBalancer. Left out: chosen.",
        "port": "The port that clients call.",
        "protocol": "TCP, UDP or SCTP. Default TCP.",
        "targetPort": "The port of the pods: a number, or the name of a container's port. Default: the same as port.",
    }),
    "core.v1.SessionAffinityConfig": ("How session affinity works.", {"clientIP": "Settings of affinity by client."}),
    "core.v1.ClientIPConfig": ("Settings of affinity by client.", {
        "timeoutSeconds": "How long a client stays with its pod after its last connection. Default 10800, 3 hours."}),
    "core.v1.ServiceStatus": ("What is known of a Service.", {
        "conditions": "States of the Service.", "loadBalancer": "Where the load balancer is reached."}),
    "core.v1.Endpoints": (
        "The addresses behind a Service in the older form. EndpointSlices are the newer one.",
        {"subsets": "Groups of addresses that offer the same ports."}),
    "core.v1.EndpointSubset": ("Addresses that offer the same ports.", {
        "addresses": "Those that are ready.", "notReadyAddresses": "Those that are not ready yet or no longer.",
        "ports": "The ports that each of them offers."}),
    "discovery.v1.EndpointSlice": ("A part of the addresses behind a Service, with the ports they all offer.", {
        "addressType": "IPv4, IPv6 or FQDN. It cannot be changed.",
        "endpoints": "The addresses, at most 1000.",
        "ports": "The ports that every endpoint of this slice offers.",
    }),
    "discovery.v1.Endpoint": ("One address that can answer, and its state.", {
        "addresses": "The address; the list has exactly one in practice.",
        "conditions": "Whether it is ready, serving and terminating.",
        "hints": "The zones and nodes that should prefer it.",
        "hostname": "Its name within the Service, for DNS.",
        "nodeName": "The node it is on.", "targetRef": "The pod it belongs to.", "zone": "The zone it is in.",
    }),
    "core.v1.Pod": ("Containers that run together on one node, sharing an address and volumes.", {}),
    "core.v1.PodSpec": ("What runs in a pod, and how.", {
        "containers": "The containers; at least one. They cannot be added or removed later.",
        "dnsPolicy": "Where names are looked up: ClusterFirst, ClusterFirstWithHostNet, Default or None.",
        "enableServiceLinks": "Whether environment variables tell where Services are. Default true.",
        "hostNetwork": "Whether the pod uses the node's own network.",
        "hostname": "The host name inside; by default the pod's name.",
        "imagePullSecrets": "Secrets with which images are pulled.",
        "initContainers": "Containers that run one after another before the others start.",
        "nodeName": "The node that the pod is on; set by the scheduler.",
        "nodeSelector": "Labels that the node must have.",
        "restartPolicy": "When ended containers are started again: Always, OnFailure or Never. Default Always.",
        "securityContext": "Users, groups and rights for all containers.",
        "serviceAccountName": "The account that the pod acts as.",
        "terminationGracePeriodSeconds": "How long containers may take to end before they are killed. Default 30.",
        "tolerations": "Taints of nodes that the pod puts up with.",
        "volumes": "Volumes that containers can mount.",
    }),
    "core.v1.PodStatus": ("What is known of a pod, as far as its node has told.", {
        "conditions": "Whether it is scheduled, initialized and ready.",
        "containerStatuses": "The state of each container.",
        "hostIP": "The address of its node.", "message": "Why the pod is in this state, for people.",
        "phase": "Pending, Running, Succeeded, Failed or Unknown.", "podIP": "Its address.",
        "qosClass": "Guaranteed, Burstable or BestEffort.", "reason": "Why the pod is in this state, in one word.",
        "startTime": "When its node took it on.",
    }),
    "core.v1.Container": ("One program in a pod, with its image and environment.", {
        "args": "Arguments of the command; by default the image's.",
        "command": "What is run instead of the image's entry point.",
        "env": "Environment variables.", "envFrom": "ConfigMaps and Secrets whose keys become variables.",
        "image": "The image that it is made from.",
        "imagePullPolicy": "Always, IfNotPresent or Never. Default Always for the tag latest, else IfNotPresent.",
        "lifecycle": "What is done right after the start and right before the end.",
        "livenessProbe": "When it fails, the container is started anew.",
        "name": "The container's name, unique in the pod.",
        "ports": "The ports it listens on; Services can name them.",
        "readinessProbe": "When it fails, the pod gets no calls through Services.",
        "resources": "How much of the node it needs and may use.",
        "startupProbe": "Until it succeeds, the other probes wait.",
        "volumeMounts": "Where volumes appear in its file system.", "workingDir": "The directory it starts in.",
    }),
    "core.v1.ContainerPort": ("A port that a container listens on.", {
        "containerPort": "The number.", "hostPort": "The port of the node that leads to it.",
        "hostIP": "The address of the node at which hostPort answers. Left out: every address.",
        "name": "A name that Services can use as targetPort.", "protocol": "TCP, UDP or SCTP. Default TCP.",
    }),
    "apps.v1.Deployment": ("Keeps pods of one template running and replaces them step by step when it changes.", {}),
    "apps.v1.DeploymentSpec": ("How many pods of which template, and how they are replaced.", {
        "minReadySeconds": "How long a pod must be ready before it counts as available.",
        "paused": "Whether changes of the template wait.",
        "progressDeadlineSeconds": "When a rollout without progress counts as failed. Default 600.",
        "replicas": "How many pods. Default 1.",
        "revisionHistoryLimit": "How many old revisions are kept to go back to. Default 10.",
        "selector": "Which pods are its own. It cannot be changed.",
        "strategy": "How old pods are replaced by new ones.", "template": "What its pods are made from.",
    }),
    "apps.v1.RollingUpdateDeployment": ("The bounds of a rolling update.", {
        "maxSurge": "How many pods, or per cent, may exist above the wanted number. Default 25%.",
        "maxUnavailable": "How many pods, or per cent, may be missing from the wanted number. Default 25%.",
    }),
    "apps.v1.ReplicaSet": ("Keeps a number of pods of one template running.", {}),
    "core.v1.ReplicationController": ("Keeps a number of pods running; ReplicaSets and Deployments are newer.", {}),
    "apps.v1.DaemonSet": ("Keeps one pod of a template on every node, or on every node of a sort.", {}),
    "apps.v1.DaemonSetSpec": ("Which pods on which nodes, and how they are replaced.", {
        "minReadySeconds": "How long a pod must be ready before it counts as available.",
        "revisionHistoryLimit": "How many old revisions are kept to go back to. Default 10.",
        "selector": "Which pods are its own. It cannot be changed.",
        "template": "What its pods are made from; its nodeSelector and affinity choose the nodes.",
        "updateStrategy": "How old pods are replaced by new ones: RollingUpdate (the default) or OnDelete.",
    }),
    "apps.v1.RollingUpdateDaemonSet": ("The bounds of a rolling update; one of the two is 0.", {
        "maxSurge": "On how many nodes, or per cent, a new pod may run beside the old one. Default 0.",
        "maxUnavailable": "On how many nodes, or per cent, no pod need be available. Default 1.",
    }),
    "apps.v1.ControllerRevision": ("One state of a workload, kept to go back to.", {
        "data": "The state, as a patch. It cannot be changed.", "revision": "Its number; the highest is the present.",
    }),
    "core.v1.ConfigMap": ("Settings that pods read as files or environment variables.", {
        "binaryData": "Values that are not text, in base64.", "data": "Keys and values, as text.",
        "immutable": "Whether the data can never be changed."}),
    "core.v1.Secret": ("Settings that are not for everyone's eyes.", {
        "data": "Keys and values, in base64.", "immutable": "Whether the data can never be changed.",
        "stringData": "Keys and values as text, for writing only; they end up in data.",
        "type": "What the keys mean."}),
    "core.v1.Namespace": ("A space of names: objects of two never clash, and those of one go away together.", {}),
    "core.v1.Node": ("A machine that runs pods.", {}),
    "networking.v1.ServiceCIDR": ("A range that cluster IPs are chosen from.", {}),
    "networking.v1.IPAddress": ("An address that is taken, and by whom.", {}),
    "networking.v1.Ingress": (
        "Which HTTP hosts and paths lead to which Services. It is kept for the controller of its class; without one "
        "nothing happens.", {}),
    "networking.v1.IngressSpec": ("The hosts, paths and certificates of an Ingress.", {
        "defaultBackend": "What answers where no rule does.",
        "ingressClassName": "The class, and so the controller, that serves it. Left out: the default class, if there "
                            "is one.",
        "rules": "What hosts and paths lead to. Where no rule fits, the default backend answers.",
        "tls": "Which Secret holds the certificate of which hosts.",
    }),
    "networking.v1.IngressRule": ("The paths of one host.", {
        "host": "The host name, or *. and a name for all hosts one level below it. Left out: every host.",
        "http": "The paths and what they lead to.",
    }),
    "networking.v1.HTTPIngressPath": ("A path and what it leads to.", {
        "backend": "The Service, or another resource, that answers.", "path": "The path; it begins with a slash.",
        "pathType": "Exact: the whole path is equal. Prefix: its first elements are. ImplementationSpecific: as the "
                    "controller has it.",
    }),
    "networking.v1.IngressServiceBackend": ("A port of a Service.", {
        "name": "The Service, in the namespace of the Ingress.", "port": "The port, by name or by number.",
    }),
    "networking.v1.IngressClass": ("A kind of Ingress and the controller that serves it.", {}),
    "networking.v1.IngressClassSpec": ("Who serves a class of Ingresses, and how.", {
        "controller": "The controller, as domain/path. It cannot be changed.",
        "parameters": "An object of the controller's own with further settings.",
    }),
    "networking.v1.NetworkPolicy": (
        "Who may talk to which pods. It is kept for a network plugin that enforces it; Fairway does not.", {}),
    "networking.v1.NetworkPolicySpec": ("The pods that a policy is about, and what is allowed.", {
        "egress": "Where the pods may connect to.", "ingress": "Who may connect to the pods.",
        "podSelector": "The pods of the namespace that the policy is about; empty: all of them.",
        "policyTypes": "Ingress, Egress or both: what is forbidden unless a rule allows it.",
    }),
}  # fmt: skip


def _short(name: str) -> str:
    for beginning in _BEGINNINGS:
        if name.startswith(beginning):
            return name.removeprefix(beginning)
    return name


def of_definition(name: str) -> str:
    """What the type is."""
    return DEFINITIONS[_short(name)][0] if _short(name) in DEFINITIONS else ""


def of_field(definition: str, field: str, *, is_object: bool) -> str:
    """What a field of a type says; ``is_object``: the type is a kind of its own."""
    own = DEFINITIONS[_short(definition)][1].get(field, "") if _short(definition) in DEFINITIONS else ""
    return own or (_OF_OBJECTS.get(field, "") if is_object else "")
