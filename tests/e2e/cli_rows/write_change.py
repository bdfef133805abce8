"""Deleting and patching."""

from .row import writes

_CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, labels: {a: b}}\ndata: {k: v}\n"
_TWO = "".join(f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{n}}}\n" for n in (1, 2))
_DATA = """patch cm p -p '{"data":{"q":"w"}}'"""

ROWS = (
    writes(
        "delete",
        "create cm c1 --from-literal=a=b", "create cm c2", "create svc clusterip s --tcp=80", "delete", "delete cm",
        "delete cm nope", "delete cm nope --ignore-not-found", "delete cm c1 nope", "delete cm/c2 -o name",
        "delete cm x -o yaml", "delete cm --all --dry-run=client", "delete cm --all --dry-run=server",
        "delete cm --all -l a=b", "delete cm -l a=b", "delete cm,svc -l a=b", "delete cm --all", "delete foo x",
        "delete cm x --grace-period=0 --force", "create cm x", "delete cm x --grace-period=0 --force",
        "delete cm x --grace-period=5 --force", "delete cm x --now --grace-period=3", "delete cm x --cascade=foo",
        "create cm x", "delete cm x --cascade=true", "create cm x", "delete cm x --cascade=false",
        ("delete -f -", _CM), ("create -f -", _CM), ("delete -f -", _CM + _TWO), "delete -f nope.yaml",
        "delete --raw /api/v1/namespaces/$ns/configmaps/zz", "delete ns nope", "create ns $ns-2",
        "delete ns $ns-2 --wait=false", "create cm x", "delete cm x --timeout=1s", "delete cm x x y",
        "create cm fin", """patch cm fin -p '{"metadata":{"finalizers":["a/b"]}}'""", "delete cm fin --timeout=1s",
        "delete cm fin --wait=false", """patch cm fin -p '{"metadata":{"finalizers":null}}'""", "delete svc --all",
        "delete pods --field-selector=metadata.name=zz", "delete cm --all --field-selector=metadata.name=zz",
        "delete cm x -A", "create cm x", ("delete -i cm x", "n\n"), ("delete -i cm x", "y\n"), "delete pod/x svc",
        "delete pod/x svc/y", "delete cm x --wait=foo",
    ),
    writes(
        "patch",
        "create cm p --from-literal=a=b", "patch", "patch cm", "patch cm p",
        """patch cm p -p '{"data":{"a":"c"}}'""", """patch cm p -p '{"data":{"a":"c"}}'""",
        "patch cm p -p 'data: {a: d}'", "patch cm p -p 'data: [a'", """patch cm p -p '{"data":{"a":1}}'""",
        """patch cm p --type=json -p '[{"op":"replace","path":"/data/a","value":"x"}]'""",
        """patch cm p --type=json -p '[{"op":"replace","path":"/data/zz","value":"x"}]'""",
        """patch cm p --type=json -p '{"data":{}}'""", """patch cm p --type=merge -p '{"data":{"a":null,"z":"1"}}'""",
        "patch cm p --type=foo -p '{}'", "patch cm nope -p '{}'", "patch cm p -p '{}' --dry-run=client",
        f"{_DATA} --dry-run=client -o yaml", f"{_DATA} --dry-run=server -o yaml", f"{_DATA} --dry-run=server",
        f"{_DATA} -o name", f"{_DATA} --local -o yaml", f"{_DATA} --record", "get cm p -o yaml",
        ("""patch -f - -p '{"data":{"q":"w"}}' --local -o yaml""", _CM),
        ("""patch -f - -p '{"data":{"q":"w"}}' --local""", _CM), ("patch -f - -p '{}'", _CM),
        "patch cm p --patch-file=nope", "patch cm p --patch-file=nope -p '{}'",
        ("patch cm p --patch-file=/dev/stdin", 'data: {pf: "1"}'), "create svc clusterip s --tcp=80",
        """patch svc s --subresource=status -p '{"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}}'""",
        "patch svc s --subresource=foo -p '{}'", """patch svc s -p '{"spec":{"type":"Foo"}}'""",
        """patch svc s -p '{"spec":{"ports":[{"port":81,"targetPort":8080,"name":"x"}]}}' -o yaml""",
        "patch svc s cm p -p '{}'", "patch svc/s cm/p -p '{}'",
        """patch cm p -p '{"metadata":{"resourceVersion":"1"}}'""", "create deployment web --image=a",
        """patch deploy web --subresource=scale --type=merge -p '{"spec":{"replicas":0}}'""",
        """patch deploy web --type=json -p '[{"op":"remove","path":"/spec/template/spec/containers"}]'""",
    ),
)  # fmt: skip
