"""Labels, annotations, numbers of pods, and Services for what there is."""

from .row import writes

_CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, labels: {a: b}}\ndata: {k: v}\n"
_DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, x: yy}}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: a
        image: luksa/kubia
        ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}, {containerPort: 53}]
      - {name: b, image: luksa/kubia, ports: [{containerPort: 99}]}
"""
_EXPRESSIONS = _DEPLOYMENT.replace(
    "{app: web}}\n  template", "{app: web}, matchExpressions: [{key: a, operator: In, values: [b, c]}]}\n  template"
).replace("name: web, labels", "name: exp, labels")
_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: nolabels}\n"
    "spec: {containers: [{name: a, image: luksa/kubia, imagePullPolicy: Never}]}\n"
)
_DRY = "--dry-run=client -o yaml"

ROWS = (
    writes(
        "label",
        "create cm p", "create cm q", "label", "label cm", "label cm p", "label cm p a=b", "label cm p a=b",
        "label cm p a=c", "label cm p a=c d=e --overwrite", "label cm p a-", "label cm p a-", "label cm p zz- yy=1",
        "label cm p x=1 x-", "label cm p 'x=a b'", "label cm p 'bad key=a'", "label cm p -- -x=a", "label cm p x=",
        "label cm p foo", "label cm p e=1 foo", "label cm p q z=1", "label cm/p cm/q z=2",
        "label cm/p cm/q z=2 --overwrite", "label cm --all t=1", "label cm --all t=1", "label cm -l z=2 u=1",
        "label cm -l none=2 u=1", "label cm p aa=b --all", "label cm nope a=b", "label foo p a=b",
        "label cm p m=n --dry-run=client", "label cm p m=n --dry-run=server", f"label cm p m=n {_DRY}",
        "label cm p m=n -o yaml", "label cm p m=n -o name", "label cm p m=n2 --resource-version=1 --overwrite",
        "label cm p q m=n2 --resource-version=1", ("label -f - m=n", _CM), ("label -f - m=n --local", _CM),
        ("label -f - m=n --local -o yaml", _CM), "label cm p m=n --local", "label cm p a=b=c", "create cm r",
        "label cm r only=one", "label cm r --list", "label cm r --list -o yaml", "get cm p q -o yaml",
    ),
    writes(
        "annotate",
        "create cm p", "annotate", "annotate cm p", "annotate cm p a=b", "annotate cm p a=b", "annotate cm p a=c",
        "annotate cm p a=c --overwrite", "annotate cm p a-", "annotate cm p a-", "annotate cm p 'a=x y=z' b=",
        "annotate cm p 'bad key=1'", "annotate cm p foo", "annotate cm p q=1 --record", "annotate cm p x- x=1",
        ("annotate -f - x=y --local -o yaml", _CM), "annotate cm p x=y --resource-version=1", "annotate cm nope a=b",
        "annotate cm p z=z --dry-run=client", "annotate cm p a=1 c=2 -o yaml", "get cm p -o yaml",
    ),
    writes(
        "scale",
        ("create -f -", _DEPLOYMENT), "scale", "scale deploy web", "scale deploy web --replicas=-1",
        "scale deploy web --replicas=1 --current-replicas=5", "scale deploy web --replicas=0 --current-replicas=0",
        "scale deploy web nope --replicas=0", "scale deploy nope --replicas=1", "scale cm p --replicas=1",
        "scale deploy --all --replicas=0", "scale deploy -l x=y --replicas=0", "scale deploy --replicas=0",
        ("scale -f - --replicas=0", _DEPLOYMENT), "scale deploy/web rs/zz --replicas=0",
        "scale deploy web --replicas=2 --dry-run=client", "scale deploy web --replicas=2 --dry-run=server",
        "scale deploy web --replicas=0 -o name", "scale deploy web --replicas=x", "scale foo x --replicas=1",
        "scale deploy web --replicas=0 --record", "get deploy web -o jsonpath='{.metadata.annotations}'",
        "scale deploy web --replicas=0 --timeout=5s",
    ),
    writes(
        "expose",
        ("create -f -", _DEPLOYMENT), ("create -f -", _POD), (f"expose -f - {_DRY}", _DEPLOYMENT),
        "expose deploy web --session-affinity=X", "expose deploy web -l a", "expose deploy web -l =a",
        "expose deploy web -l a=b=c", "expose deploy web --port=x",
        f"expose deploy web --port=80,443 --protocol=UDP {_DRY}", f"expose deploy web --protocol=UDP {_DRY}",
        f"expose deploy web --cluster-ip=None {_DRY}", "expose deploy web --selector='a in (b)'",
        "expose deploy web --overrides='{\"spec\":{\"type\":\"NodePort\"}}' --dry-run=client -o json",
        "expose deploy web --overrides='{' --dry-run=client",
        f"""expose deploy web --overrides='{{"spec":{{"foo":"NodePort"}}}}' {_DRY}""",
        "expose deploy web --overrides='[]' --override-type=foo --dry-run=client -o yaml",
        """expose deploy web --overrides='[{"op":"add","path":"/metadata/labels/z","value":"1"}]' """
        f"--override-type=json {_DRY}",
        "expose deploy web --name=Bad --port 80", "expose deploy web --name w3 --port 81 --type=Foo",
        "expose deploy web --name w4 --port 70000", "expose deploy web --name a --port=80 --external-ip=foo",
        ("expose -f - --dry-run=client", _EXPRESSIONS), ("expose -f - --selector a=b --dry-run=client", _POD),
        ("expose -f - --selector a=b --port=80 --target-port=http --name z --type=LoadBalancer "
         "--load-balancer-ip=1.2.3.4 --external-ip=5.6.7.8 --session-affinity=ClientIP --cluster-ip=10.0.0.1 -l a=b "
         "--dry-run=client -o json", _EXPRESSIONS),
        "expose pod nolabels --port=80", "expose pod nolabels --selector=a=b",
        "expose ns default", "expose deploy nope",
        "expose deploy", "expose", "expose deploy web --dry-run=server", "expose deploy web -o name",
        "expose deploy web", "expose svc web --name web2 --port 443 --target-port 8443", "expose svc web2 --name=web3",
        "expose svc web2 --name web4 -o json", f"expose deploy web --name={'a' * 70}",
        "expose deploy web --name w5 --save-config -o yaml", "expose deploy web --name w8 --record -o yaml",
        "create cm x", "expose cm x", "get svc -o yaml",
    ),
)  # fmt: skip
