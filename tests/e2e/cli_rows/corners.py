"""More of get: names of types, selectors, connections, and what is seldom typed."""

from .row import reads

ROWS = (
    reads(
        "corners of get",
        "get svc -A -o wide", "get svc,pods -A", "get all -o name", "get nodes -o wide", "get pods nosuch1 nosuch2",
        "get pod/nosuch svc/web", "get Service", "get SVC", "get svc.v1", "get services.v1.",
        "get deployments.v1.apps", "get deployments.v1beta1.apps",
        "get ev --field-selector involvedObject.kind=Pod,type!=Warning", "get endpoints", "get servicecidrs",
        "get cm settings -o yaml --show-managed-fields", "get pods --subresource=status",
        "get rs kubia --subresource=scale", "get pods -o wide --no-headers", "get pods -L app,foo.bar/baz",
        "get pods -l 'app notin (kubia)'", "get pods -l '!app'", "get pods --field-selector=status.phase=Running",
        "get -f @svc-a", "get -f @svc-a --ignore-not-found", "get -k .", "get svc --server-print=false",
        "get svc,po --server-print=false --show-labels", "get svc --tls-server-name=nosuch",
        "get svc --certificate-authority=/etc/hostname",
        "get svc -s https://nosuch.invalid", "get svc --username=a --password=b", "get svc ''", "get ,", "get svc//x",
        "get svc -o WIDE", "get nosuch --ignore-not-found", "get svc web -n nosuch", "get svc -n nosuch",
    ),
)  # fmt: skip
