"""Reading: get in all its forms, and what the server can do."""

from .row import reads

ROWS = (
    reads(
        "tables",
        "get svc", "get services,pods", "get svc -o wide", "get po -o wide", "get all", "get rs,deploy -o wide",
        "get svc --no-headers", "get svc,po --no-headers", "get svc --show-labels", "get svc -L app -L tier,none",
        "get svc --show-kind", "get pods -l app=none", "get pods -l app=none -A", "get svc -A", "get nodes",
        "get svc web outside", "get svc/web rs/kubia", "get svc web nosuch outside", "get pods,svc web",
        "get pods -l app=none --ignore-not-found", "get svc nosuch --ignore-not-found", "get nodes,svc", "get ns",
        "get cm settings --show-labels", "get ep,endpointslices", "get svc -l app=kubia --show-kind --no-headers",
        "get svc --field-selector metadata.name=web", "get svc --chunk-size=1", "get svc web -A", "get svc web web",
    ),
    reads(
        "documents",
        "get svc web -o json", "get svc web -o yaml", "get svc -o json", "get svc -o yaml", "get svc -o name",
        "get svc,rs -o name", "get cm settings -o yaml", "get cm settings -o json", "get svc outside -o yaml",
        "get svc web outside -o yaml", "get svc web nosuch -o yaml", "get svc nosuch -o yaml", "get pods -o yaml",
        "get pods -l app=none -o yaml", "get pods -l app=none -o json", "get pods -l app=none -o name",
        "get svc nosuch --ignore-not-found -o yaml", "get svc web --show-managed-fields -o yaml", "get nodes -o yaml",
    ),
    reads(
        "wrong use",
        "get", "get --bogus", "get -z", "get svc -o", "get svc -o bogus", "get svc -o json=x", "get foobar", "get svc/",
        "get svc/web pods", "get svc web -l a=b", "get svc/web -l a=b", 
        "get svc/web/x", "get foobar/x", "get deploy.foo",
        "get svc --chunk-size=x", "get -f nosuch.yaml", "get svc -l 'a=b=c'", 
        "get svc --field-selector nosuch=x",
        "get svc --kubeconfig=/nonexistent", "get svc --context=nosuch", "get svc --cluster=nosuch",
        "get svc --user=nosuch",
        "get svc --server=http://127.0.0.1:1", "get svc --request-timeout=x", "get svc --as=nobody",
        "get svc --token=wrong", "get svc -o wide --template=x",
    ),
    reads(
        "raw", "get --raw /healthz", "get --raw /api/v1/namespaces/$ns/services/web", "get --raw /apis/nope",
        "get --raw nope",
          "get --raw /api svc", "get --raw /api -o json", "get --raw /readyz?verbose"),
)  # fmt: skip
