"""Setting one thing, replacing all, and what would be different."""

from .row import writes

_CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, labels: {a: b}}\ndata: {k: v}\n"
_SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {a: b}, ports: [{port: 80}]}\n"
_DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: a, image: "a:1", env: [{name: A, value: "1"}]}, {name: b, image: "b:1"}]}
"""
_SECRET = "{apiVersion: v1, kind: Secret, metadata: {name: kept}, data: {a: %s, b: YQ==}}"
ROWS = (
    writes(
        "set",
        ("create -f -", _DEPLOYMENT), "create cm c --from-literal=b-c=2", "create cm d --from-literal=A=1",
        "create svc clusterip s --tcp=80", "set image", "set image deploy web", "set image deploy web a=x:2",
        "set image deploy web a=x:2", "set image deploy/web nope=x:2", "set image deploy web '*=y:1'",
        "set image deploy web a=", "set image deploy --all a=z:1", "set image deploy,rs web a=z:1",
        ("set image -f - a=q:1 --local -o yaml", _DEPLOYMENT), "set image deploy web a=x:3 --dry-run=client",
        "set image svc s a=b", "set image deploy nope a=b", "set env deploy web", "set env deploy web K=v",
        "set env deploy web K=v", "set env deploy web K-", "set env deploy web --list",
        "set env deploy web A=1 -c nope", "set env deploy web --from=configmap/c",
        "set env deploy web --list", "set env deploy web --list --resolve",
        "set env deploy web --from=configmap/d --prefix=P_ --keys=A", "set env deploy web --from=foo/c",
        "set env deploy web A=zz --overwrite=false", "set env deploy web bad", "set env deploy web 'bad key=1'",
        ("set env -f - X=1 --local -o yaml", _DEPLOYMENT), "set env svc s X=1", "set selector svc s a=b",
        "set selector svc s a=b,c=d", "set selector svc s 'a in (b)'", "set selector svc s",
        ("set selector -f - r=x --local -o yaml", _SERVICE), "set selector deploy web a=b",
        "set selector svc s a=c --dry-run=client -o yaml", "set selector svc s q=w --resource-version=1",
        "set sa deploy web foo", "set serviceaccount deploy web", "set sa svc s foo",
        "set resources deploy web --limits=cpu=1,memory=1Gi --requests=cpu=500m", "set resources deploy web",
        "set resources deploy web --limits=cpu=1,memory=1Gi", "set resources deploy web --limits=cpu",
        "set resources deploy web --limits=cpu=2 -c nope", "set resources svc s --limits=cpu=1",
        "get deploy web -o yaml", "get svc s -o yaml",
    ),
    writes(
        "replace and diff",
        "replace", "replace -f nope.yaml", ("replace -f -", _CM), ("create -f -", _CM), ("replace -f -", _CM),
        ("replace -f - -o yaml", _CM.replace("k: v", "k: w")), ("replace -f - --dry-run=client", _CM),
        ("replace -f - --dry-run=server", _CM), ("replace -f - --force", _CM),
        ("replace -f - --force --dry-run=client", _CM), ("replace -f - --grace-period=1", _CM),
        ("replace -f - --timeout=1s", _CM), ("replace -f - --save-config -o yaml", _CM),
        ("replace -f -", _SERVICE.replace("port: 80", "port: 80, foo: 1")), ("replace -f -", ""),
        ("create -f -", _SERVICE), ("replace -f -", _SERVICE),
        ("replace -f -", _SERVICE.replace("{selector", "{clusterIP: 10.0.0.1, selector")), "diff",
        ("apply -f -", _SECRET % "YQ=="), ("diff -f -", _SECRET % "Yg=="), ("diff -f -", _SECRET % "YQ=="),
        "diff -f nope.yaml", ("apply -f -", _CM), ("diff -f -", _CM), "diff foo",
        ("diff -f -", _SERVICE.replace("{selector", "{clusterIP: 10.0.0.1, selector")),
    ),
)  # fmt: skip
