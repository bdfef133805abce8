"""Cases of kubectl's own integration scripts that differed once: paths, raw, local, patches, owners of pods' fields."""

from .row import any_order, reads, until, writes

_CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
_LIST = """{"kind": "List", "apiVersion": "v1", "items": [
 {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "nope1"}},
 {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "kube-root-ca.crt"}},
 {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "nope2"}}]}"""
_ROLES = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: $ns, labels: {a: b}}
rules: [{apiGroups: [""], resources: [pods, services], verbs: [%s]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: $ns}
roleRef: {kind: Role, apiGroup: rbac.authorization.k8s.io, name: r}
subjects: [{kind: User, name: %s, apiGroup: rbac.authorization.k8s.io}, {kind: ServiceAccount, name: s, namespace: d}]
"""
_POD = """apiVersion: v1
kind: Pod
metadata: {name: p, labels: {name: %s}}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: luksa/kubia, imagePullPolicy: IfNotPresent}]}
"""
_OPTIONS = '{"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]}'
_PATCHES = ("{", '{"a"', '{"a":}', "{a: b}", "x", "null", "[]", "a: [")

ROWS = (
    writes(
        "several paths that are not there",
        *(f"{verb} -f no1 -f no2" for verb in ("create", "apply", "replace", "delete", "get", "describe", "diff")),
        "label -f no1 -f no2 a=b", "annotate -f no1 -f @svc-a -f no2 a=b", "patch -f no1 -f no2 -p {}",
        "scale -f no1 -f no2 --replicas=1", "exec -f no1 -f no2 -- date", "apply -f @svc-a -f no2",
    ),
    writes(
        "raw paths",
        *(f"{verb} --raw x -f @svc-a" for verb in ("create", "replace", "delete")), "delete --raw x",
        "create --raw x --edit", "delete --raw / -f a -f b", "delete --raw /x -o name", "delete --raw /x -R",
        "delete --raw /x -f http://1/2", "delete --raw /x -f no1", "delete --raw /x --cascade=foo",
        ("delete --raw /api/v1/namespaces/$ns/configmaps/no1 -f -", _OPTIONS),
    ),
    writes(
        "local without files",
        "set selector svc web a=b --local", "set selector a=b --local", "set image deploy web c=i --local",
        "set env deploy/web a=b --local", "set resources deploy web --limits=cpu=1 --local",
        "set sa deploy web x --local",
        "set subject rolebinding b --user=x --local", "label svc web a=b --local", "label --local a=b",
        "annotate svc web a=b --local", "annotate --local a=b", "patch --local -p {}", "set selector -f @svc-a",
    ),
    writes(
        "selectors of nothing",
        "delete --all", "delete --all -l a=b", "delete -l a=b", "scale -l a=b --replicas=1", "wait -l a=b --for=delete",
        "set image -l a=b c=i", "create -f @svc-a", "delete -f @svc-a -l no=such", "label -f @svc-a -l no=such x=y",
        "get -f @svc-a -l no=such", "delete -f @svc-a -l app=redis", ("apply --prune --all -l a=b -f -", _CM % "c"),
    ),
    writes(
        "patches that are none", ("create -f -", _CM % "c"),
        *(
            f"patch cm c -p '{patch}' --type={kind}{dry}"
            for kind in ("strategic", "merge") for patch in _PATCHES for dry in ("", " --dry-run=client")
            if not (kind == "merge" and dry and patch in ("null", "[]"))
        ),
        "patch cm c -p '{' --type=json",
    ),
    writes(
        "lists of which some items are missing", ("get -f -", _LIST), ("get -f @svc-a -f -", _LIST),
        ("get -f - -o name", _LIST), ("get -f - -w", _LIST), ("scale -f - --replicas=3", _LIST),
    ),
    writes(
        "subjects of role bindings",
        "create rolebinding b --role=r --user=a", "set subject rolebinding b", "set subject rolebinding x --user=a",
        "set subject rolebinding b --serviceaccount=a", "set subject rolebinding b --user=x,y --group=z --user=a",
        "set subject rolebinding b --serviceaccount=d:e --dry-run=server", "set subject sa default --user=x",
        "get rolebinding b -o yaml", "set subject rolebinding --all --user=n --dry-run=client -o yaml",
    ),
    writes(
        "a pod is applied in both ways", ("apply -f -", _POD % "one"), until("wait pod/p --for=condition=Ready"),
        ("apply --server-side --field-manager=other -f -", _POD % "two"), ("apply --server-side -f -", _POD % "two"),
        "get pod p --show-managed-fields -o jsonpath='{range .metadata.managedFields[*]}{.manager} {.operation} {end}'",
        "get pod p -o jsonpath='{.metadata.labels} {.metadata.annotations} {.spec.serviceAccountName}'",
        ("apply -f -", _POD % "three"), ("apply --server-side -f -", _POD % "three"),
        "delete pod p --grace-period=0 --force",
    ),
    writes(
        "autoscalers", ("create deploy web --image=luksa/kubia --replicas=0"), "autoscale deploy web",
        "autoscale deploy web --max=3 --min=5", "autoscale deploy web --max=0", "autoscale deploy x --max=2",
        "autoscale deploy web --max=3 --dry-run=client -o json", "autoscale deploy web --max=3 --dry-run=client",
        "autoscale deploy web --max=3 --min=2 --cpu-percent=50 --name=y --dry-run=server -o yaml",
        "autoscale deploy web --max=3", "autoscale deploy web --max=3", "autoscale cm kube-root-ca.crt --max=2",
    ),
    writes(
        "roles are reconciled", ("auth reconcile -f -", _ROLES % ("get, list", "jane")),
        ("auth reconcile -f -", _ROLES % ("get, list", "jane")), ("auth reconcile -f -", _ROLES % ("watch", "bob")),
        "get role,rolebinding -o jsonpath='{.items[*].rules}{.items[*].subjects}{.items[*].metadata.labels}'",
        ("auth reconcile -f - --dry-run=client", _ROLES % ("delete", "eve")),
        ("auth reconcile -f - --remove-extra-permissions --remove-extra-subjects -o name",
         _ROLES % ("get, list", "jane")),
        ("auth reconcile -f -", (_ROLES % ("get, list", "jane")).replace("name: r}", "name: other}")),
        "get role,rolebinding -o jsonpath='{.items[*].rules}{.items[*].subjects}{.items[*].roleRef}'",
        ("auth reconcile -f -", (_ROLES % ("get", "jane")).replace("/v1", "/v1beta1")),
        ("auth reconcile -f -", "{apiVersion: v1, kind: ConfigMap, metadata: {name: passed-over}}"),
        "auth reconcile", "auth reconcile x -f y", ("auth reconcile -f - --dry-run=server", _ROLES % ("get", "jane")),
    ),
    reads(
        "words that are empty", "exec two -c a -- ''", "exec two -c a -- sh -c 'echo \"<$0>\"' ''", "exec '' -- date",
        "exec two -f @svc-a -- date", "logs -l ==", "logs -l 'a in ('", "logs -l a,,b",
    ),
    reads(
        "sorted by what some do not have", "get pods -l app!=x --sort-by=.metadata.labels.nosuch",
        "get cm,svc --sort-by=.metadata.labels.tier -o name",
        "get svc --sort-by=.spec.clusterIP -o name", "get svc -w -l ==",
        "get svc --request-timeout=+5", "get svc --request-timeout=",
    ),
    reads(
        "cluster-info dump", "cluster-info dump --namespaces=nosuch -o jsonpath={.kind}",
        "cluster-info dump --namespaces=nosuch,default -o 'go-template={{range .items}}{{.metadata.name}} {{end}}'",
        any_order("cluster-info dump --namespaces=$ns -o jsonpath={.kind}"), "cluster-info dump -o name",
        "cluster-info dump -o foo", "cluster-info dump --output-directory=/proc/x", "cluster-info foo",
    ),
)  # fmt: skip
