"""The manifests that the kubectl rows name as ``@name``; each is a file in a folder of the session."""

from pathlib import Path

CONTAINER = "{name: kubernetes-pause, image: luksa/kubia, imagePullPolicy: IfNotPresent}"
GRACE = "terminationGracePeriodSeconds: 1"


def _pod(name: str, labels: str, container: str = CONTAINER) -> str:
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{{labels}}}}}
spec: {{{GRACE}, containers: [{container}]}}
"""


def _service(name: str, spec: str) -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, labels: {{app: redis, role: {name.rpartition("-")[2]}, tier: backend}}}}
spec: {{{spec}}}
"""


def _redis(role: str) -> str:
    return _service(
        f"redis-{role}",
        f"ports: [{{port: 6379, targetPort: 6379}}], selector: {{app: redis, role: {role}, tier: backend}}",
    )


def _owner(kind: str, version: str, name: str, selector: str, labels: str, more: str = "", container: str = "") -> str:
    container = container or CONTAINER.replace("}", ", ports: [{containerPort: 80}]}")
    return f"""
apiVersion: {version}
kind: {kind}
metadata: {{name: {name}, labels: {{{labels}}}}}
spec:
  replicas: 3
  selector: {{{selector}}}
  {more}
  template:
    metadata: {{labels: {{{labels}}}}}
    spec: {{{GRACE}, containers: [{container}], volumes: [{{name: v, emptyDir: {{}}}}]}}
"""


_FRONTEND = "app: guestbook, tier: frontend"
_DEPLOYMENT = _owner("Deployment", "apps/v1", "nginx-deployment", "matchLabels: {app: nginx}", "app: nginx")
_ROLLING = "strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}"
_TWO_MISTAKES = _DEPLOYMENT.replace("  replicas: 3\n", "  replicas: 3\n  unknown1: x\n").replace(
    "nginx-deployment", "invalid-nginx-deployment"
)
POD = _pod("test-pod", "name: test-pod-label")
VALID_POD = _pod("valid-pod", "name: valid-pod")
NAMES_NSB = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: nsb}\n"
FIRST_REVISION = _DEPLOYMENT.replace("replicas: 3", "replicas: 1")
SECOND_REVISION = FIRST_REVISION.replace("image: luksa/kubia", "image: luksa/kubia:latest")

MANIFESTS = {
    "svc-a": _redis("master"),
    "svc-b": _redis("slave"),
    "no-selector": _service("no-selector", "ports: [{port: 80, protocol: TCP, targetPort: 80}]"),
    "ip-first": _service("first", "clusterIP: $net.250.10, ports: [{port: 80}], selector: {a: b}"),
    "ip-second": _service("second", "clusterIP: $net.250.10, ports: [{port: 80}], selector: {a: b}"),
    "ip-11": _service("moved", "clusterIP: $net.250.11, ports: [{port: 80}], selector: {a: b}"),
    "ip-12": _service("moved", "clusterIP: $net.250.12, ports: [{port: 80}], selector: {a: b}"),
    "unnamed": _service("unnamed", "ports: [{port: 80}, {port: 81}], selector: {a: b}"),
    "low-port": _service("low", "type: NodePort, ports: [{port: 80, nodePort: 80}], selector: {a: b}"),
    "pod": POD,
    "pod-changed": POD.replace("test-pod-label", "changed"),
    "two-pods": f"{POD}---{VALID_POD}",
    "valid-pod": VALID_POD,
    "master-pod": _pod("master", "app: redis, role: master, tier: backend"),
    "bigname-pod": _pod("a" * 70, "name: big"),
    "prune-a": _pod("a", "prune-group: 'true'"),
    "prune-b": _pod("b", "prune-group: 'true'"),
    "dep": _DEPLOYMENT,
    "dep-unknown": _TWO_MISTAKES,
    "dep-only-here": _DEPLOYMENT.replace("nginx-deployment", "expose-test-deployment"),
    "dep-rolling": _owner(
        "Deployment", "apps/v1", "strategies", "matchLabels: {app: s}", "app: s", more=_ROLLING
    ).replace("replicas: 3", "replicas: 0"),
    "dep-recreate": _owner(
        "Deployment", "apps/v1", "strategies", "matchLabels: {app: s}", "app: s", more="strategy: {type: Recreate}"
    ).replace("emptyDir: {}", "hostPath: {path: /var}").replace("replicas: 3", "replicas: 0"),
    "r1": FIRST_REVISION,
    "r2": SECOND_REVISION,
    "rc": _owner("ReplicationController", "v1", "frontend", _FRONTEND, _FRONTEND),
    "rs": _owner("ReplicaSet", "apps/v1", "frontend", f"matchLabels: {{{_FRONTEND}}}", _FRONTEND),
    "old-rs": _owner("ReplicaSet", "apps/v1beta2", "frontend", f"matchLabels: {{{_FRONTEND}}}", _FRONTEND),
    "names-nsb": NAMES_NSB,
    "counting-pod": _pod("counting", "a: b").replace(
        "imagePullPolicy: IfNotPresent",
        "imagePullPolicy: IfNotPresent, command: [sh, -c, 'for i in 1 2 3; do echo line $i; sleep 0.2; done']",
    ).replace("spec: {", "spec: {restartPolicy: Never, "),
}  # fmt: skip


def write_all(folder: Path, net: str) -> None:
    """Every manifest as ``folder/NAME.yaml``; ``net`` is how cluster IPs begin."""
    for name, text in MANIFESTS.items():
        (folder / f"{name}.yaml").write_text(text.replace("$net", net))
