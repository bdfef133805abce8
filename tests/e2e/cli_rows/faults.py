"""Manifests of which some documents are bad, flags that do not go together, kubeconfigs that are none."""

from .row import any_order, reads, writes


def _cm(name: str, more: str = "") -> str:
    return f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{more}}}\n"


_BAD = (
    _cm("g1")
    + "---\napiVersion: v1\nkind: Foo\nmetadata: {name: g2}\n"
    + _cm("g3")
    + "---\napiVersion: v1\nkind: Service\nmetadata: {name: g4}\nspec: {ports: [{port: 99999}]}\n"
    + _cm("g5", ", namespace: nosuchns")
    + "---\nkind: ConfigMap\nmetadata: {name: g6}\n---\napiVersion: v1\nmetadata: {name: g7}\n"
    + _cm("g9")
)
_LIST = """{"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "l1"}},
 {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Bad_Name"}},
 {"apiVersion": "v1", "kind": "Foo", "metadata": {"name": "l3"}},
 {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "l4"}}]}"""
_OTHER = '{"kind":"Service","apiVersion":"v1","metadata":{"name":"web","namespace":"other"}}'
_HEADS = tuple(
    f'{{"kind":"ConfigMap","apiVersion":"v1","metadata":{each}}}'
    for each in (
        '{"name":1}', '{"name":"x","labels":{"a":1}}', '{"name":"x","annotations":"a"}', "[]", '{"name":"x","uid":3}',
        '{"name":"x","finalizers":"a"}', "{}",
    )
)  # fmt: skip
_NONE = ("[]", "foo", "1", '"x"', "null", "kind: x", "kind: ConfigMap", "apiVersion: v1", "a: [")
_JSON = (
    "{a", '{"a', '{"a" 1}', '{"a":}', '{"a":1 2}', '{"a":[1 2]}', '{"a":tru}', '{"a":1,}', '{"a":"\\x"}', '{"a":01}',
    '{"a":-}', '{"a":1}\n{b', "{}x", '{"a":1.}', '{"\u00e9":x}', '{"a":"\\u12x"}', '{"a":1e}',
)  # fmt: skip
_DATA = _cm("x") + 'data: {a: "1"}\ndata: {a: "2"}\n'

ROWS = (
    writes(
        "documents of which some are bad",
        ("create -f - --validate=false", _BAD), ("create -f -", _BAD), ("apply -f - --validate=false", _BAD),
        ("apply -f -", _BAD), ("replace -f -", _BAD), any_order("label -f - a=b", _BAD),
        ("patch -f - -p {}", _cm("no")), any_order("get -f -", _BAD), ("delete -f -", _BAD),
        ("describe -f -", _cm("no") + "---\nkind: Foo\n"),
        ("create -f -", _LIST), ("apply -f -", _LIST), ("delete -f -", _LIST), ("delete -f -", _LIST),
        ("create -f - --dry-run=client -o yaml", _DATA), ("create -f - -l ==", _DATA),
        "create -f nosuch.yaml extra", "get -f nosuch.yaml extra", "create svc bogus x",
        "create role r --verb=get --resource=foo", "create -f https://nosuch.invalid/x.yaml",
    ),
    writes("no objects at all", *((f"{verb} -f -", each) for each in _NONE for verb in ("create", "delete"))),
    writes("heads", *((f"{verb} -f -", each) for each in _HEADS for verb in ("create", "delete", "replace"))),
    writes("JSON that is none", *(("create -f - --validate=false", each) for each in _JSON)),
    writes(
        "labels that are only shown", "create svc clusterip s --tcp=80", any_order("label svc s --list x=y"),
        "label svc s x=y --field-selector=x", "label svc s x=y", "delete svc nosuch --dry-run=client -o name",
    ),
    reads(
        "get: what does not go together", "get svc --output-watch-events", "get svc -o name --show-labels",
        "get svc -o custom-columns=A:.kind --show-labels", "get svc -o wide --show-labels",
        "get svc web -w --sort-by=.metadata.name --request-timeout=1s",
        "get svc web -w --output-watch-events -o json --request-timeout=1s", "get svc,rs --sort-by=.metadata.name",
        "get svc/web svc/outside --sort-by=.metadata.name", "get svc,rs --sort-by=.kind",
        "get svc,rs --sort-by=.metadata.name --server-print=false", "get svc -o custom-columns=A:",
        "get svc -o custom-columns=:.kind", "get svc web -o jsonpath='{range .spec.ports[*]}{.port},'",
        ("get -f - -n $ns", _OTHER), ("get -f -", '{"kind":"Service","apiVersion":"v1"}'),
        ("get -f -", '{"kind":"ServiceList","apiVersion":"v1","items":[{"metadata":{"name":"web"}}]}'),
    ),
    reads(
        "flags of all", "get svc --request-timeout=-1s", "get svc --certificate-authority=/nosuch",
        "get svc --client-certificate=/nosuch", "get svc --client-certificate=/etc/hostname --client-key=/nosuch",
        "get svc --as-group=g", "get svc --cluster=x", "get svc --profile=none --vmodule=a=1 --log-flush-frequency=1s",
        "auth can-i --list", "auth can-i --list --no-headers --as=bob", "auth can-i --list get",
        "auth can-i bogus pods", "auth can-i get svc web",
    ),
    reads(
        "kubeconfig",
        "config view --merge=false", "config delete-cluster nosuch", "config unset contexts.nosuch.namespace",
    ),
)  # fmt: skip
