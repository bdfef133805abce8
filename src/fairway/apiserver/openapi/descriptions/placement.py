"""Placement: what is said of where pods may run, of their rights and names, and of the state of containers.

Source: Kubernetes docs, "Assigning Pods to Nodes", "Pod Topology Spread Constraints", "Taints and Tolerations",
"Configure a Security Context for a Pod or Container", "DNS for Services and Pods", "Pod Lifecycle".
"""

from fairway.apiserver.openapi.descriptions.text import Texts

_HARD_AND_SOFT = {
    "preferredDuringSchedulingIgnoredDuringExecution": "What is wished for: nodes get the weights of all that they "
                                                       "fulfil, and the highest sum wins.",
    "requiredDuringSchedulingIgnoredDuringExecution": "What must hold for the pod to be put on a node. A pod that is "
                                                      "there stays when it no longer holds.",
}  # fmt: skip
_RIGHTS = {
    "appArmorProfile": "Which AppArmor profile holds.",
    "runAsGroup": "The group that programs run as, as a number. Left out: the image's.",
    "runAsNonRoot": "Whether a container that would run as root is refused at its start. Default false.",
    "runAsUser": "The user that programs run as, as a number. Left out: the image's.",
    "seLinuxOptions": "The SELinux label. Left out: the runtime chooses one.",
    "seccompProfile": "Which system calls are let through.",
    "windowsOptions": "Settings for Windows.",
}  # fmt: skip
"""Of a whole pod and of one container alike; the container's win."""

_ALIVE = {
    "reason": "Why, in one word.",
    "message": "Why, in a sentence for people.",
}  # fmt: skip

PLACEMENT: Texts = {
    "core.v1.Affinity": ("Which nodes, and which neighbours, a pod likes or shuns.", {
        "nodeAffinity": "Which nodes, by their labels.", "podAffinity": "Which pods should be near.",
        "podAntiAffinity": "Which pods should not be near.",
    }),
    "core.v1.NodeAffinity": ("Which nodes a pod likes.", _HARD_AND_SOFT),
    "core.v1.PodAffinity": ("Rules on pods that draw a new one to where they are.", _HARD_AND_SOFT),
    "core.v1.PodAntiAffinity": ("Rules on pods that keep a new one from where they are.", _HARD_AND_SOFT),
    "core.v1.NodeSelector": ("Nodes, by what they are like.", {
        "nodeSelectorTerms": "Descriptions of nodes. One that fits is enough."}),
    "core.v1.NodeSelectorTerm": ("A description of nodes; all of it must fit. An empty one fits no node.", {
        "matchExpressions": "Conditions on labels.",
        "matchFields": "Conditions on fields; there is metadata.name only."}),
    "core.v1.NodeSelectorRequirement": ("A condition on a label or field of a node.", {
        "key": "The label or field.", "operator": "In, NotIn, Exists, DoesNotExist, Gt or Lt.",
        "values": "For In and NotIn at least one, for Gt and Lt one number, for the others none.",
    }),
    "core.v1.PreferredSchedulingTerm": ("A wish for a node, and how much it counts.", {
        "preference": "The description of the node.", "weight": "1 to 100."}),
    "core.v1.WeightedPodAffinityTerm": ("A wish for neighbours, and how much it counts.", {
        "podAffinityTerm": "The neighbours.", "weight": "1 to 100."}),
    "core.v1.PodAffinityTerm": ("Neighbours: pods of a sort, and what counts as near.", {
        "labelSelector": "The pods, by their labels.",
        "matchLabelKeys": "Labels whose values must be those of the new pod.",
        "mismatchLabelKeys": "Labels whose values must be others than those of the new pod.",
        "namespaceSelector": "The namespaces they are in, by labels; empty: all.",
        "namespaces": "The namespaces they are in, by name. Neither this nor the selector: the pod's own.",
        "topologyKey": "The label of nodes that makes them one place, such as kubernetes.io/hostname for the node "
                       "itself.",
    }),
    "core.v1.TopologySpreadConstraint": ("How evenly pods of a sort are spread.", {
        "labelSelector": "The pods that are counted.",
        "matchLabelKeys": "Labels whose values must be those of the new pod to be counted.",
        "maxSkew": "How many pods more than in the emptiest place there may be in any.",
        "minDomains": "While there are fewer places than this, the emptiest counts as having none. Default 1.",
        "nodeAffinityPolicy": "Honor: nodes that the pod may not run on are left out. Ignore: they count. Default "
                              "Honor.",
        "nodeTaintsPolicy": "Honor: nodes whose taints it does not tolerate are left out. Ignore: they count. Default "
                            "Ignore.",
        "topologyKey": "The label of nodes whose values are the places.",
        "whenUnsatisfiable": "DoNotSchedule: the pod waits. ScheduleAnyway: it goes where it does least harm.",
    }),
    "core.v1.Toleration": ("Taints that a pod puts up with.", {
        "effect": "NoSchedule, PreferNoSchedule or NoExecute. Left out: all.",
        "key": "The key of the taint. Left out, with Exists: all.",
        "operator": "Equal: the value is the same. Exists: whatever the value. Lt, Gt: the taint's number is lower or "
                    "higher. Default Equal.",
        "tolerationSeconds": "With NoExecute: how many seconds it may stay. Left out: for ever.",
        "value": "The value of the taint.",
    }),
    "core.v1.PodSchedulingGate": ("Something that must happen before a node is chosen.", {"name": "Its name."}),
    "core.v1.PodSchedulingGroup": ("The group whose pods get their nodes together.", {
        "podGroupName": "The PodGroup, in the same namespace."}),
    "core.v1.PodReadinessGate": ("A condition that must be True before a pod counts as ready.", {
        "conditionType": "Its type."}),
    "core.v1.PodOS": ("The operating system that a pod is made for.", {"name": "linux or windows."}),
    "core.v1.HostAlias": ("A line of /etc/hosts.", {"hostnames": "The names.", "ip": "The address."}),
    "core.v1.PodDNSConfig": ("How names are looked up, beside what dnsPolicy says.", {
        "nameservers": "Addresses of name servers, after those of dnsPolicy.",
        "options": "Options of the resolver; they win over those of dnsPolicy.",
        "searches": "Search domains, after those of dnsPolicy.",
    }),
    "core.v1.PodDNSConfigOption": ("An option of the resolver.", {"name": "Its name.", "value": "Its value, if any."}),
    "core.v1.PodResourceClaim": ("A device that must be got before a pod can start; one of a claim and a template.", {
        "name": "What containers call it.", "resourceClaimName": "A ResourceClaim that there is.",
        "resourceClaimTemplateName": "A template that a claim is made from, for this pod alone.",
    }),
    "core.v1.PodResourceClaimStatus": ("A claim that was made for a pod.", {
        "name": "What containers call it.", "resourceClaimName": "The ResourceClaim. Left out: none was needed."}),
    "core.v1.PodExtendedResourceClaimStatus": ("The claim for devices that are asked for as plain resources.", {
        "requestMappings": "Which resource of which container is which request.",
        "resourceClaimName": "The ResourceClaim.",
    }),
    "core.v1.ContainerExtendedResourceRequest": ("A resource of a container, and the request for it.", {
        "containerName": "The container.", "requestName": "The request in the claim.",
        "resourceName": "The resource."}),
    "core.v1.NodeAllocatableResourceClaimStatus": ("What a claim takes of what the node has for pods.", {
        "containers": "The containers that use it.", "resourceClaimName": "The ResourceClaim.",
        "resources": "How much of which resource.",
    }),
    "core.v1.PodSecurityContext": ("Users, groups and rights for all containers of a pod.", {
        **_RIGHTS,
        "fsGroup": "The group that owns files of volumes, where the volume's sort allows it.",
        "fsGroupChangePolicy": "When that is set. Always: at each start. OnRootMismatch: if the root of the volume is "
                               "another's. Default Always.",
        "seLinuxChangePolicy": "How volumes get the label. Recursive: file by file. MountOption: all at once, by the "
                               "mount.",
        "supplementalGroups": "Further groups that programs belong to.",
        "supplementalGroupsPolicy": "Merge: the image's groups too. Strict: those named here only. Default Merge.",
        "sysctls": "Settings of the kernel, for this pod.",
    }),
    "core.v1.SecurityContext": ("User, group and rights of one container.", {
        **_RIGHTS,
        "allowPrivilegeEscalation": "Whether a program may get more rights than the one that started it.",
        "capabilities": "Capabilities given or taken away.",
        "privileged": "Whether it may do what root of the node may. Default false.",
        "procMount": "Default: some of /proc is hidden. Unmasked: nothing is.",
        "readOnlyRootFilesystem": "Whether its own file system cannot be written. Default false.",
    }),
    "core.v1.Capabilities": ("Capabilities given or taken away, beside those that the runtime gives.", {
        "add": "Those given, such as NET_ADMIN.", "drop": "Those taken away; ALL for all."}),
    "core.v1.SELinuxOptions": ("An SELinux label.", {
        "level": "Its level.", "role": "Its role.", "type": "Its type.", "user": "Its user."}),
    "core.v1.SeccompProfile": ("A choice of system calls; all others fail.", {
        "localhostProfile": "With Localhost: the file on the node that says so, below the kubelet's folder.",
        "type": "Localhost: as a file says. RuntimeDefault: as the runtime has it. Unconfined: all.",
    }),
    "core.v1.AppArmorProfile": ("An AppArmor profile.", {
        "localhostProfile": "With Localhost: its name on the node.",
        "type": "Localhost: one of the node. RuntimeDefault: the runtime's. Unconfined: none.",
    }),
    "core.v1.Sysctl": ("A setting of the kernel.", {
        "name": "Its name, such as net.core.somaxconn.", "value": "Its value."}),
    "core.v1.WindowsSecurityContextOptions": ("Users and accounts of containers on Windows.", {
        "gmsaCredentialSpec": "The credentials of a managed account, as JSON.",
        "gmsaCredentialSpecName": "The name of those credentials.",
        "hostProcess": "Whether it runs as a process of the node. All containers of a pod alike.",
        "runAsUserName": "The user that programs run as. Left out: the image's.",
    }),
    "core.v1.ContainerStatus": ("The state of one container.", {
        "allocatedResources": "What the node has set aside for it.",
        "allocatedResourcesStatus": "How its devices are.", "containerID": "Its id, as RUNTIME://ID.",
        "image": "The image that it runs.", "imageID": "The id of that image.",
        "lastState": "How it was before it was last started again.", "name": "The container.",
        "ready": "Whether its readiness probe succeeds; without one, whether it runs.",
        "resources": "What it really needs and may use at present.",
        "restartCount": "How often it was started again.",
        "started": "Whether its startup probe has succeeded and what follows its start is done.",
        "state": "How it is.", "stopSignal": "The signal that it will get to end.",
        "user": "The user that it began as.",
        "volumeMounts": "Where its volumes appear.",
    }),
    "core.v1.ContainerState": ("How a container is: one of these. None: waiting.", {
        "running": "It runs.", "terminated": "It has ended.", "waiting": "It has not started yet.",
    }),
    "core.v1.ContainerStateRunning": ("A container that runs.", {"startedAt": "Since when."}),
    "core.v1.ContainerStateTerminated": ("A container that has ended.", {
        **_ALIVE, "containerID": "Its id, as RUNTIME://ID.", "exitCode": "Its exit code.",
        "finishedAt": "When it ended.",
        "message": "The message that it left, or why it could not run.", "signal": "The signal that ended it.",
        "startedAt": "When it had started.",
    }),
    "core.v1.ContainerStateWaiting": ("A container that has not started yet.", _ALIVE),
    "core.v1.ContainerUser": ("The user that a container began as.", {"linux": "On Linux."}),
    "core.v1.LinuxContainerUser": ("The user that a container began as, on Linux.", {
        "gid": "Its group.", "supplementalGroups": "Further groups.", "uid": "Its user."}),
    "core.v1.ResourceStatus": ("How the devices of one sort are.", {
        "name": "The resource, or claim:NAME/REQUEST.", "resources": "How each device is."}),
    "core.v1.ResourceHealth": ("How one device is.", {
        "health": "Healthy, Unhealthy or Unknown.", "message": "Why, in a sentence.", "resourceID": "The device."}),
}  # fmt: skip
