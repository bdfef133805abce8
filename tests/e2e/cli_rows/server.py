"""The server as a whole: waiting, what it serves, who one is."""

from .row import reads

ROWS = (
    reads(
        "wait: nothing to wait for",
        "wait", "wait --for=condition=Ready", "wait pods --for=condition=Ready", "wait pods",
        "wait pods --all --for=bogus", "wait pods --for=condition=Ready --all --timeout=1s",
        "wait pods -l app=kubia --for=condition=ready", "wait pods --all --for=delete --timeout=0",
        "wait pods --all --for=condition=Nosuch --timeout=0", "wait pod/nosuch --for=condition=Ready",
        "wait pod/nosuch --for=delete", "wait pods -l app=none --for=condition=Ready",
        "wait pods -l app=none --for=delete", "wait pods --all --for=create", "wait pods --for=create",
        "wait foo/x --for=delete",
    ),
    reads(
        "wait: jsonpath",
        "wait rs/kubia --for=jsonpath='{.status.readyReplicas}'=2",
        "wait pods --all --for=jsonpath='{.status.phase}'", "wait rs/kubia --for=jsonpath='{.status}'=x",
        "wait rs/kubia --for=jsonpath=.status.replicas=2",
        "wait pods --all --for=jsonpath='{.status.conditions[*].type}'=x",
        "wait rs/kubia --for=jsonpath='{.status.replicas}'=", "wait rs/kubia --for=jsonpath=",
        "wait rs/kubia --for=jsonpath='{.x'=a", "wait rs/kubia --for=jsonpath='{.status.replicas}'=2 -o name",
    ),
    reads(
        "wait: in vain",
        "wait rs/kubia --for=condition=Ready --timeout=1s", "wait svc --all --for=condition=Ready --timeout=1s",
        "wait pod/nosuch --for=create --timeout=1s",
    ),
    reads(
        "what is served",
        "api-resources", "api-resources -o wide", "api-resources -o json", "api-resources --sort-by=x",
        "api-resources --sort-by=kind", "api-resources --sort-by=name", "api-resources --api-group=apps",
        "api-resources --api-group=", "api-resources --namespaced=false -o name",
        "api-resources --verbs=list,get --no-headers --categories=all", "api-resources --api-group=none",
        "api-resources x", "api-versions", "api-versions x", "cluster-info",
    ),
    reads(
        "who one is",
        "auth whoami", "auth whoami -o json", "auth whoami -o yaml", "auth whoami --as=bob --as-group=x --as-group=y",
        "auth can-i get pods", "auth can-i get pods --as=nobody", "auth can-i", "auth can-i get foo",
        "auth can-i get /healthz", "auth can-i get pods -q", "auth can-i create deploy/x", "auth can-i get nodes",
        "auth bogus", "get nodes --as=nobody",
    ),
)  # fmt: skip
