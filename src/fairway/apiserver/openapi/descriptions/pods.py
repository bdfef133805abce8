"""Pods: what is said of pods and their containers.

Source: Kubernetes docs, "Pods", "Container Lifecycle Hooks", "Liveness, Readiness, and Startup Probes",
"Resource Management for Pods and Containers".
"""

from fairway.apiserver.openapi.descriptions.meta import CONDITION
from fairway.apiserver.openapi.descriptions.text import Texts

_HOW_CHECKED = (
    "Runs a command in it, and exit code 0 is good.", "Calls it by the standard health service of gRPC.",
    "Calls it by HTTP, and a code from 200 to 399 is good.", "Opens a connection to it, and that is all.",
)  # fmt: skip

CONTAINER = {
    "args": "Arguments of the command; by default the image's. $(NAME) stands for a variable, $$ for a dollar.",
    "command": "What is run instead of the image's entry point, without a shell. $(NAME) stands for a variable.",
    "env": "Environment variables.",
    "envFrom": "ConfigMaps and Secrets whose keys become variables; env wins over them.",
    "image": "The image that it is made from.",
    "imagePullPolicy": "Always, IfNotPresent or Never. Default Always for the tag latest or none, else IfNotPresent.",
    "lifecycle": "What is done right after the start and right before the end.",
    "livenessProbe": "When it fails, the container is started anew.",
    "name": "The container's name, unique in the pod. It cannot be changed.",
    "ports": "The ports it listens on; Services can name them. One that is not listed is reached all the same.",
    "readinessProbe": "When it fails, the pod gets no calls through Services.",
    "resizePolicy": "Whether a change of its resources needs a new start.",
    "resources": "How much of the node it needs and may use.",
    "restartPolicy": "For an init container, Always: it runs on beside the others, and the next one need not wait for "
                     "its end. For any: when it is started again, instead of what the pod says.",
    "restartPolicyRules": "By exit code, whether it is started again; the first rule that fits counts.",
    "securityContext": "User, group and rights of this container; they win over the pod's.",
    "startupProbe": "Until it succeeds, the other probes wait; when it fails, the container is started anew.",
    "stdin": "Whether its standard input can be attached to. Without, it reads the end of the file at once.",
    "stdinOnce": "Whether its standard input is closed for good after the first that attached has gone.",
    "terminationMessagePath": "The file whose content becomes the message of its end. Default /dev/termination-log.",
    "terminationMessagePolicy": "File: the message is that file. FallbackToLogsOnError: where it is empty and the "
                                "container failed, the end of the log. Default File.",
    "tty": "Whether it gets a terminal. Needs stdin.",
    "volumeDevices": "Where volumes appear as raw devices.",
    "volumeMounts": "Where volumes appear in its file system.",
    "workingDir": "The directory it starts in. Left out: the image's.",
}  # fmt: skip

PODS: Texts = {
    "core.v1.Pod": ("Containers that run together on one node, sharing an address and volumes.", {
        "spec": "What runs, and how.", "status": "What its node tells. Written by the system, and may lag behind.",
    }),
    "core.v1.PodTemplateSpec": ("A pod as it will be, but for its name and its node.", {
        "metadata": "Labels and annotations of each pod.", "spec": "What runs in each pod, and how."}),
    "core.v1.PodTemplate": ("A template of pods, kept under a name.", {"template": "What pods are made from."}),
    "core.v1.PodSpec": ("What runs in a pod, and how.", {
        "activeDeadlineSeconds": "How many seconds the pod may run on its node, before it counts as failed and is "
                                 "ended.",
        "affinity": "Which nodes, and which neighbours, it likes or shuns.",
        "automountServiceAccountToken": "Whether a token of its account is put into its containers. Default true.",
        "containers": "The containers; at least one. They cannot be added or removed later.",
        "dnsConfig": "Name servers and search domains, beside those of dnsPolicy.",
        "dnsPolicy": "Where names are looked up: ClusterFirst, ClusterFirstWithHostNet, Default (as the node does) or "
                     "None. Default ClusterFirst.",
        "enableServiceLinks": "Whether environment variables tell where Services are. Default true.",
        "ephemeralContainers": "Containers added while it runs, to look around. They are added by the subresource "
                               "ephemeralcontainers, and never removed.",
        "hostAliases": "Lines of its /etc/hosts.",
        "hostIPC": "Whether it shares the node's inter-process communication. Default false.",
        "hostNetwork": "Whether the pod uses the node's own network. Default false.",
        "hostPID": "Whether it sees the node's processes. Default false.",
        "hostUsers": "Whether its users are the node's; with false root inside is nobody outside. Default true.",
        "hostname": "The host name inside; by default the pod's name.",
        "hostnameOverride": "The host name inside, whatever else is said, and without a name in DNS.",
        "imagePullSecrets": "Secrets with which images are pulled.",
        "initContainers": "Containers that run one after another before the others start. When one fails, the pod "
                          "fails "
                          "or it is run again, as restartPolicy says.",
        "nodeName": "The node that the pod is on; set by the scheduler.",
        "nodeSelector": "Labels that the node must have.",
        "os": "The operating system that it is made for. Some fields may be set for one only.",
        "overhead": "What running it takes beside its containers; set by the RuntimeClass.",
        "preemptionPolicy": "Whether pods of lower priority may be ended for it: PreemptLowerPriority or Never. "
                            "Default "
                            "PreemptLowerPriority.",
        "priority": "Its priority as a number; set by the PriorityClass.",
        "priorityClassName": "Its PriorityClass. Left out: the default one, or priority 0.",
        "readinessGates": "Further conditions that must be True before it counts as ready.",
        "resourceClaims": "Devices that must be got before it can start. Containers use them by name.",
        "resources": "How much of the node all its containers together need and may use.",
        "restartPolicy": "When ended containers are started again: Always, OnFailure or Never. Default Always.",
        "runtimeClassName": "The RuntimeClass that runs it. Left out: the node's default.",
        "schedulerName": "Which scheduler chooses its node. Default default-scheduler.",
        "schedulingGates": "While there are any, no node is chosen. They can be removed, never added.",
        "schedulingGroup": "The group of pods that get their nodes together or not at all.",
        "securityContext": "Users, groups and rights for all containers.",
        "serviceAccount": "Deprecated: use serviceAccountName.",
        "serviceAccountName": "The account that the pod acts as. Default default.",
        "setHostnameAsFQDN": "Whether the host name inside is the whole name with its domain. Default false.",
        "shareProcessNamespace": "Whether its containers see each other's processes. Default false.",
        "subdomain": "With hostname, its name in DNS below the headless Service of this name.",
        "terminationGracePeriodSeconds": "How many seconds containers may take to end before they are killed. Default "
                                         "30.",
        "tolerations": "Taints of nodes that the pod puts up with.",
        "topologySpreadConstraints": "How evenly pods of a sort are spread over nodes, zones and the like.",
        "volumes": "Volumes that containers can mount.",
    }),
    "core.v1.PodStatus": ("What is known of a pod, as far as its node has told.", {
        "allocatedResources": "What the node has set aside for the whole pod.",
        "conditions": "Whether it is scheduled, initialized and ready.",
        "containerStatuses": "The state of each container.",
        "ephemeralContainerStatuses": "The state of each ephemeral container.",
        "extendedResourceClaimStatus": "The claim that was made for devices which containers ask for as plain "
                                       "resources.",
        "hostIP": "The address of its node.",
        "hostIPs": "The addresses of its node, one of each family; the first one is hostIP.",
        "initContainerStatuses": "The state of each init container.",
        "message": "Why the pod is in this state, for people.",
        "nodeAllocatableResourceClaimStatuses": "What its claims take of what the node has for pods.",
        "nominatedNodeName": "The node where room is being made for it by ending other pods.",
        "observedGeneration": "The generation of the pod that this status is about.",
        "phase": "Pending: not all containers have started. Running: they have. Succeeded, Failed: all have ended, for "
                 "good. Unknown: its node is silent.",
        "podIP": "Its address.", "podIPs": "Its addresses, one of each family; the first one is podIP.",
        "qosClass": "Guaranteed, Burstable or BestEffort: the order, from the end, in which pods are ended when a node "
                    "runs out of something.",
        "reason": "Why the pod is in this state, in one word.",
        "resize": "Deprecated: see the conditions PodResizePending and PodResizeInProgress.",
        "resourceClaimStatuses": "The claims that were made for it.",
        "resources": "What the whole pod really needs and may use at present.",
        "startTime": "When its node took it on, before any image was pulled.",
    }),
    "core.v1.PodCondition": ("One aspect of a pod's state.", {
        **CONDITION,
        "lastProbeTime": "When it was last looked at.",
        "observedGeneration": "The generation of the pod that the condition is about.",
    }),
    "core.v1.PodIP": ("An address of a pod.", {"ip": "The address."}),
    "core.v1.HostIP": ("An address of a node.", {"ip": "The address."}),
    "core.v1.Container": ("One program in a pod, with its image and environment.", CONTAINER),
    "core.v1.EphemeralContainer": (
        "A container added to a running pod, to look around in it. It is never started again, and never removed.", {
            **CONTAINER,
            "lifecycle": "Not for ephemeral containers.", "livenessProbe": "Not for ephemeral containers.",
            "ports": "Not for ephemeral containers.", "readinessProbe": "Not for ephemeral containers.",
            "resizePolicy": "Not for ephemeral containers.", "resources": "Not for ephemeral containers.",
            "restartPolicy": "Not for ephemeral containers.", "restartPolicyRules": "Not for ephemeral containers.",
            "startupProbe": "Not for ephemeral containers.",
            "targetContainerName": "The container whose processes it sees. Left out: none but its own.",
        }),
    "core.v1.ContainerPort": ("A port that a container listens on.", {
        "containerPort": "The number.", "hostPort": "The port of the node that leads to it.",
        "hostIP": "The address of the node at which hostPort answers. Left out: every address.",
        "name": "A name that Services can use as targetPort, unique in the pod.",
        "protocol": "TCP, UDP or SCTP. Default TCP.",
    }),
    "core.v1.EnvVar": ("An environment variable.", {
        "name": "Its name.",
        "value": "Its value. $(NAME) stands for a variable named before, $$ for a dollar. Default empty.",
        "valueFrom": "Where its value comes from, if it is not given.",
    }),
    "core.v1.EnvVarSource": ("Where the value of a variable comes from; one of these.", {
        "configMapKeyRef": "A key of a ConfigMap.", "fieldRef": "A field of the pod.",
        "fileKeyRef": "A variable of a file in a volume.", "resourceFieldRef": "How much a container needs or may use.",
        "secretKeyRef": "A key of a Secret.",
    }),
    "core.v1.EnvFromSource": ("A ConfigMap or Secret whose keys become variables.", {
        "configMapRef": "The ConfigMap.", "prefix": "Put before each name.", "secretRef": "The Secret.",
    }),
    "core.v1.ConfigMapEnvSource": ("A ConfigMap whose keys become variables.", {
        "name": "Its name.", "optional": "Whether it may be missing."}),
    "core.v1.SecretEnvSource": ("A Secret whose keys become variables.", {
        "name": "Its name.", "optional": "Whether it may be missing."}),
    "core.v1.ConfigMapKeySelector": ("Names a key of a ConfigMap in the pod's namespace.", {
        "key": "The key.", "name": "The ConfigMap.", "optional": "Whether ConfigMap or key may be missing."}),
    "core.v1.SecretKeySelector": ("Names a key of a Secret in the pod's namespace.", {
        "key": "The key.", "name": "The Secret.", "optional": "Whether Secret or key may be missing."}),
    "core.v1.FileKeySelector": ("A variable of a file in a volume, in lines of NAME=VALUE.", {
        "key": "The name in the file.", "optional": "Whether file or key may be missing.",
        "path": "The file, from the root of the volume.", "volumeName": "The volume.",
    }),
    "core.v1.ObjectFieldSelector": ("Names a field of the pod.", {
        "apiVersion": "The version that the path is written in. Default v1.",
        "fieldPath": "The field, such as metadata.name, metadata.labels['app'], spec.nodeName or status.podIP.",
    }),
    "core.v1.ResourceFieldSelector": ("Names a request or limit of a container.", {
        "containerName": "The container. In a variable: by default its own.",
        "divisor": "The unit that it is told in, such as 1Mi. Default 1.",
        "resource": "What is told, such as limits.cpu or requests.memory.",
    }),
    "core.v1.ResourceRequirements": ("How much is needed, and may be used.", {
        "claims": "Devices, among the pod's resourceClaims, that this container uses.",
        "limits": "The most that may be used, such as cpu: 500m, memory: 128Mi.",
        "requests": "What the node must have left. Default: the limits.",
    }),
    "core.v1.ResourceClaim": ("A device that a container uses.", {
        "name": "Its name among the pod's resourceClaims.",
        "request": "The request in that claim. Left out: all of it.",
    }),
    "core.v1.ContainerResizePolicy": ("Whether a change of a resource needs a new start.", {
        "resourceName": "cpu or memory.", "restartPolicy": "NotRequired or RestartContainer. Default NotRequired.",
    }),
    "core.v1.ContainerRestartRule": ("What happens at some exit codes.", {
        "action": "Restart: the container is started again. RestartAllContainers: all of the pod are.",
        "exitCodes": "The exit codes that it is about.",
    }),
    "core.v1.ContainerRestartRuleOnExitCodes": ("A set of exit codes.", {
        "operator": "In: those of values. NotIn: all others.", "values": "The codes, at most 255."}),
    "core.v1.Probe": ("How often, and how, a container is asked whether it is well.", {
        "exec": _HOW_CHECKED[0], "grpc": _HOW_CHECKED[1], "httpGet": _HOW_CHECKED[2], "tcpSocket": _HOW_CHECKED[3],
        "failureThreshold": "How many failures in a row count as failed. Default 3.",
        "initialDelaySeconds": "How many seconds after its start the first one comes. Default 0.",
        "periodSeconds": "How many seconds lie between two. Default 10.",
        "successThreshold": "How many successes in a row count as well again. Default 1, and 1 for liveness and "
                            "startup.",
        "terminationGracePeriodSeconds": "How many seconds the container may take to end after a failure, instead of "
                                         "what "
                                         "the pod says.",
        "timeoutSeconds": "After how many seconds without an answer it has failed. Default 1.",
    }),
    "core.v1.ExecAction": ("A command, run beside the container's own.", {
        "command": "The command and its arguments, without a shell, started in the root of its file system."}),
    "core.v1.GRPCAction": ("A call by gRPC.", {
        "port": "The number of the port.", "service": "The service asked about. Default empty: the whole server."}),
    "core.v1.HTTPGetAction": ("A GET, sent by the node.", {
        "host": "Who is called. Default the pod's address; for another Host header use httpHeaders.",
        "httpHeaders": "Headers of the call; one may come again.", "path": "The path. Default /.",
        "port": "The port, by number or by name.", "scheme": "HTTP or HTTPS, unverified. Default HTTP.",
    }),
    "core.v1.HTTPHeader": ("A header of a call.", {"name": "Its name.", "value": "Its value."}),
    "core.v1.TCPSocketAction": ("A connection that is opened.", {
        "host": "Who is called. Default the pod's address.", "port": "The port, by number or by name."}),
    "core.v1.SleepAction": ("Nothing is done for a while.", {"seconds": "How many seconds it lasts."}),
    "core.v1.Lifecycle": ("What is done right after a container's start and right before its end.", {
        "postStart": "Done right after the start; when it fails, the container is ended.",
        "preStop": "Done before it is told to end, within the grace period. Not done when it ends by itself.",
        "stopSignal": "The signal that tells it to end. Left out: the image's, or SIGTERM.",
    }),
    "core.v1.LifecycleHandler": ("What is done; one of these.", {
        "exec": "A command run in the container.", "httpGet": "A call by HTTP.", "sleep": "A pause.",
        "tcpSocket": "Deprecated, and does nothing.",
    }),
}  # fmt: skip
