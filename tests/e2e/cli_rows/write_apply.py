"""Applying: created, configured, unchanged, and what is taken away."""

from .row import writes

_CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, labels: {a: b}}\ndata: {k: v}\n"
_CM2 = _CM.replace("k: v", "k: w<&>")
_TWO = "".join(f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{n}}}\ndata: {{k: v}}\n" for n in (1, 2))
_SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {a: b}, ports: [{port: 80}]}\n"
_FIRST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {x: y1}}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, z: zz}}
    spec:
      containers:
      - {name: a, image: "a:1", env: [{name: A, value: "1"}, {name: B, value: "2"}], ports: [{containerPort: 80}]}
      - {name: b, image: "b:1"}
      volumes: [{name: v, emptyDir: {}}]
"""
_SECOND = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: b, image: "b:2"}
      - {name: a, image: "a:1", env: [{name: B, value: "2"}, {name: C, value: "3"}]}
      volumes: [{name: v, hostPath: {path: /tmp}}]
"""
_PRUNE = "apply -f - --prune --all --prune-allowlist=core/v1/ConfigMap"
_NULL = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, creationTimestamp: null}\n"

ROWS = (
    writes(
        "apply",
        ("apply -f - --dry-run=client", _CM), ("apply -f - --dry-run=server", _CM),
        ("apply -f - --dry-run=client -o yaml", _CM), ("apply -f - -o yaml", _CM), ("apply -f -", _CM),
        ("apply -f - --dry-run=client", _CM), ("apply -f - --dry-run=server", _CM),
        ("apply -f - --dry-run=client -o yaml", _CM2), ("apply -f - --dry-run=server -o yaml", _CM2),
        ("apply -f - -o json", _CM2), ("create -f -", _TWO), ("apply -f -", _TWO), ("apply -f - -o name", _TWO),
        ("apply -f - -o json", _TWO), ("apply -f - -o yaml", _TWO), ("apply -f - --record", _CM2),
        ("apply -f -", _SERVICE), ("apply -f -", _SERVICE.replace("port: 80", "port: 81, name: x")),
        ("apply -f -", _SERVICE.replace("port: 80", "port: 81, foo: 1")), ("apply -f -", _NULL), ("apply -f -", _NULL),
        ("apply -f -", _SERVICE.replace("{selector", "{clusterIP: 10.0.0.1, selector")), "get svc s -o yaml",
    ),
    writes(
        "apply: what is taken away",
        ("apply -f -", _FIRST), ("apply -f -", _SECOND), "get deploy web -o yaml",
        ("apply -f -", _FIRST.replace("replicas: 0", "replicas: 0\n  strategy: {type: Recreate}")),
        ("apply -f -", _FIRST),
        ("apply -f -", _FIRST.replace("matchLabels: {app: web}", "matchLabels: {app: other}")), "get deploy -o yaml",
        (_PRUNE, _CM), (_PRUNE + " --dry-run=client", _TWO), (_PRUNE + " --dry-run=server", _TWO), (_PRUNE, _TWO),
        ("apply -f - --prune -l none=x", _TWO),
    ),
    writes(
        "apply: wrong use",
        "apply", "apply foo", ("apply -f - foo", _CM), "apply -f nope.yaml", ("apply -f - --server-side", _CM),
        ("apply -f - --force-conflicts", _CM), ("apply -f - --server-side --dry-run=client", _CM),
        ("apply -f - --server-side --force", _CM), ("apply -f - --prune", _CM),
        ("apply -f - --prune --all --prune-allowlist=foo", _CM), ("apply -f - -l a=c", _CM), ("apply -f -", ""),
        ("apply -f -", _CM.replace("name: m", "name: m, namespace: other")),
        ("apply -f -", "kind: Foo\napiVersion: v1\nmetadata: {name: x}"), ("apply -f -", "metadata: {name: x}"),
        ("apply -f -", "kind: ConfigMap\nmetadata: {name: x}"), ("apply -f -", "a: b: c"), ("apply -f -", '{"a":'),
        ("apply -f -", "kind: ConfigMap\napiVersion: v1\nmetadata: {generateName: x}"),
        ("apply -f -", "kind: ConfigMap\napiVersion: v1\nmetadata: {}"),
    ),
    writes(
        "last applied",
        ("apply -f -", _TWO), "apply view-last-applied cm m1", "apply view-last-applied cm/m1 cm/m2 -o json",
        "apply view-last-applied cm", "apply view-last-applied", "apply view-last-applied cm m1 -o foo",
        "apply view-last-applied cm kube-root-ca.crt", "apply view-last-applied cm --all",
        ("apply view-last-applied -f -", _TWO), ("apply set-last-applied -f -", _TWO),
        ("apply set-last-applied -f - --dry-run=client -o yaml", _TWO), "create cm m --from-literal=a=b",
        ("apply set-last-applied -f -", _CM), ("apply set-last-applied -f - --create-annotation", _CM),
        ("apply set-last-applied -f - --dry-run=server", _CM), ("apply -f -", _CM), "get cm -o yaml",
    ),
)  # fmt: skip
