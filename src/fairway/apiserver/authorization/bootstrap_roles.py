"""Bootstrap roles: the roles and bindings that every cluster has from the start.

Shape: ``wanted()`` gives (kind, object) pairs; a line of a table is ``groups | resources | verbs [| names]``, or
``paths | verbs`` after a slash.  A user may change them; what is missing of a role's rules is put back at the start
unless its annotation says otherwise.
Source: Kubernetes docs, "Using RBAC Authorization", "Default roles and role bindings", "Auto-reconciliation".
"""

from collections.abc import Iterator, Sequence

from fairway.apiserver.authorization.controller_roles import CONTROLLER_ROLES, PREFIX
from fairway.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from fairway.kinds.kind import Kind
from fairway.objects import Object

AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"
_LABEL = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-{}"
_GROUP = "rbac.authorization.k8s.io"
_READ = "get list watch"
_WRITE = "create delete deletecollection patch update"

_VIEWED = (
    f"- | configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers"
    f" replicationcontrollers/scale serviceaccounts services services/status | {_READ}",
    f"- | bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status"
    f" resourcequotas resourcequotas/status | {_READ}",
    f"- | namespaces | {_READ}",
    f"discovery.k8s.io | endpointslices | {_READ}",
    f"apps | controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status"
    f" replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status | {_READ}",
    f"autoscaling | horizontalpodautoscalers horizontalpodautoscalers/status | {_READ}",
    f"batch | cronjobs cronjobs/status jobs jobs/status | {_READ}",
    f"extensions | daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses"
    f" ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale"
    f" | {_READ}",
    f"policy | poddisruptionbudgets poddisruptionbudgets/status | {_READ}",
    f"networking.k8s.io | ingresses ingresses/status networkpolicies | {_READ}",
    f"resource.k8s.io | resourceclaims resourceclaims/status resourceclaimtemplates | {_READ}",
    f"- | services/why | {_READ}",
)
_EDITED = (
    f"- | pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy | {_READ}",
    "- | serviceaccounts | impersonate",
    f"- | pods pods/attach pods/exec pods/portforward pods/proxy | {_WRITE}",
    "- | pods/eviction | create",
    f"- | configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets"
    f" serviceaccounts services services/proxy | {_WRITE}",
    "- | serviceaccounts/token | create",
    f"apps | daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets"
    f" statefulsets/scale | {_WRITE}",
    f"autoscaling | horizontalpodautoscalers | {_WRITE}",
    f"batch | cronjobs jobs | {_WRITE}",
    f"extensions | daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets"
    f" replicasets/scale replicationcontrollers/scale | {_WRITE}",
    f"policy | poddisruptionbudgets | {_WRITE}",
    f"networking.k8s.io | ingresses networkpolicies | {_WRITE}",
    f"coordination.k8s.io | leases | {_READ} {_WRITE}",
    f"resource.k8s.io | resourceclaims resourceclaimtemplates | {_WRITE}",
)
_ADMINISTERED = (
    "authorization.k8s.io | localsubjectaccessreviews | create",
    f"{_GROUP} | rolebindings roles | {_READ} {_WRITE}",
)
_DISCOVERY = ("/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/ | get",)
_INFO = ("/healthz /livez /readyz /version /version/ | get",)
_BASIC = (
    "authorization.k8s.io | selfsubjectaccessreviews selfsubjectrulesreviews | create",
    "authentication.k8s.io | selfsubjectreviews | create",
)
_REVIEWS = (
    "authentication.k8s.io | tokenreviews | create",
    "authorization.k8s.io | subjectaccessreviews | create",
)
_EVENTS = ("- events.k8s.io | events | create patch update",)

CLUSTER_ROLES: dict[str, Sequence[str]] = {
    "cluster-admin": ("* | * | *", "/* | *"),
    "system:aggregate-to-view": _VIEWED,
    "system:aggregate-to-edit": _EDITED,
    "system:aggregate-to-admin": _ADMINISTERED,
    "system:discovery": _DISCOVERY,
    "system:public-info-viewer": _INFO,
    "system:basic-user": _BASIC,
    "system:monitoring": ("/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* | get",),
    "system:service-account-issuer-discovery": (
        "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/ | get",
    ),
    "system:auth-delegator": _REVIEWS,
    "system:kubelet-api-admin": (
        f"- | nodes | {_READ}",
        "- | nodes | proxy",
        "- | nodes/log nodes/metrics nodes/proxy nodes/stats | *",
        "- | nodes/configz nodes/healthz nodes/pods | *",
    ),
    "system:node": (
        "authentication.k8s.io | tokenreviews | create",
        "authorization.k8s.io | localsubjectaccessreviews subjectaccessreviews | create",
        f"- | services | {_READ}",
        f"- | nodes | create {_READ}",
        "- | nodes/status | patch update",
        "- | nodes | patch update",
        "- | events | create patch update",
        f"- | pods | {_READ}",
        "- | pods | create delete",
        "- | pods/status | patch update",
        "- | pods/eviction | create",
        f"- | configmaps secrets | {_READ}",
        "- | persistentvolumeclaims persistentvolumes | get",
        "- | endpoints | get",
        f"certificates.k8s.io | certificatesigningrequests | create {_READ}",
        "coordination.k8s.io | leases | create delete get patch update",
        "storage.k8s.io | volumeattachments | get",
        "- | serviceaccounts/token | create",
        "- | persistentvolumeclaims/status | get patch update",
        f"storage.k8s.io | csidrivers | {_READ}",
        "storage.k8s.io | csinodes | create delete get patch update",
        f"node.k8s.io | runtimeclasses | {_READ}",
        "resource.k8s.io | resourceclaims | get",
        "resource.k8s.io | resourceslices | deletecollection",
        "- | serviceaccounts | get",
    ),
    "system:node-bootstrapper": (f"certificates.k8s.io | certificatesigningrequests | create {_READ}",),
    "system:node-problem-detector": ("- | nodes | get", "- | nodes/status | patch", *_EVENTS),
    "system:node-proxier": (
        "- | endpoints services | list watch",
        f"- | nodes | {_READ}",
        *_EVENTS,
        "discovery.k8s.io | endpointslices | list watch",
        "networking.k8s.io | servicecidrs | list watch",
    ),
    "system:heapster": (f"- | events namespaces nodes pods | {_READ}", f"extensions | deployments | {_READ}"),
    "system:kube-dns": ("- | endpoints services | list watch",),
    "system:kube-aggregator": (f"- | endpoints services | {_READ}",),
    "system:kube-scheduler": (
        *_EVENTS,
        "coordination.k8s.io | leases | create",
        "coordination.k8s.io | leases | get list update watch | kube-scheduler",
        f"- | nodes | {_READ}",
        f"- | pods | delete {_READ}",
        "- | bindings pods/binding | create",
        "- | pods/status | patch update",
        f"- | replicationcontrollers services | {_READ}",
        f"apps extensions | replicasets | {_READ}",
        f"apps | statefulsets | {_READ}",
        f"policy | poddisruptionbudgets | {_READ}",
        f"- | persistentvolumeclaims persistentvolumes | {_READ}",
        *_REVIEWS,
        f"storage.k8s.io | csinodes | {_READ}",
        f"storage.k8s.io | volumeattachments | {_READ}",
        f"- | namespaces | {_READ}",
        f"storage.k8s.io | csidrivers | {_READ}",
        f"storage.k8s.io | csistoragecapacities | {_READ}",
        f"resource.k8s.io | deviceclasses | {_READ}",
        f"resource.k8s.io | resourceclaims | {_READ} patch update",
        f"resource.k8s.io | resourceclaims/status | {_READ} patch update",
        f"- | pods/finalizers | {_READ} patch update",
        f"resource.k8s.io | resourceslices | {_READ}",
    ),
    "system:kube-controller-manager": (
        *_EVENTS,
        "coordination.k8s.io | leases | create",
        "coordination.k8s.io | leases | get update | kube-controller-manager",
        "- | secrets serviceaccounts | create",
        "- | secrets | delete",
        "- | configmaps namespaces secrets serviceaccounts | get",
        "- | secrets serviceaccounts | update",
        *_REVIEWS,
        "* | * | list watch",
        "- | serviceaccounts/token | create",
    ),
    "system:volume-scheduler": (
        f"- | persistentvolumes | {_READ} patch update",
        f"storage.k8s.io | storageclasses | {_READ}",
        f"- | persistentvolumeclaims | {_READ} patch update",
    ),
    "system:persistent-volume-provisioner": (
        f"- | persistentvolumes | create delete {_READ}",
        f"- | persistentvolumeclaims | {_READ} update",
        f"storage.k8s.io | storageclasses | {_READ}",
        "- | events | watch",
        *_EVENTS,
    ),
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient": (
        "certificates.k8s.io | certificatesigningrequests/nodeclient | create",
    ),
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": (
        "certificates.k8s.io | certificatesigningrequests/selfnodeclient | create",
    ),
    **{
        f"system:certificates.k8s.io:{name}-approver": (
            f"certificates.k8s.io | signers | approve | kubernetes.io/{name}",
        )
        for name in ("kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving", "legacy-unknown")
    },
}
AGGREGATED: dict[str, str] = {"admin": "edit", "edit": "view", "view": ""}
"""Roles gathered from labelled ones, each with the gathered role whose rules it has as well."""
_AGGREGATE_TO = {
    "system:aggregate-to-admin": "admin", "system:aggregate-to-edit": "edit", "system:aggregate-to-view": "view",
    "edit": "admin", "view": "edit",
}  # fmt: skip
CLUSTER_BINDINGS: dict[str, tuple[str, ...]] = {
    "cluster-admin": ("Group system:masters",),
    "system:monitoring": ("Group system:monitoring",),
    "system:discovery": ("Group system:authenticated",),
    "system:basic-user": ("Group system:authenticated",),
    "system:public-info-viewer": ("Group system:authenticated", "Group system:unauthenticated"),
    "system:node-proxier": ("User system:kube-proxy",),
    "system:kube-controller-manager": ("User system:kube-controller-manager",),
    "system:kube-dns": ("ServiceAccount kube-system/kube-dns",),
    "system:kube-scheduler": ("User system:kube-scheduler",),
    "system:volume-scheduler": ("User system:kube-scheduler",),
    "system:node": (),
    "system:service-account-issuer-discovery": ("Group system:serviceaccounts",),
}
_LOCKS = (
    "coordination.k8s.io | leases | create get list update watch",
    "coordination.k8s.io | leasecandidates | create get list update watch",
)
_ROLES = {
    ("kube-system", "extension-apiserver-authentication-reader"): (
        f"- | configmaps | {_READ} | extension-apiserver-authentication",
    ),
    ("kube-system", "system:controller:bootstrap-signer"): (f"- | secrets | {_READ}",),
    ("kube-system", "system:controller:cloud-provider"): (f"- | configmaps | create {_READ}",),
    ("kube-system", "system:controller:token-cleaner"): (f"- | secrets | delete {_READ}", *_EVENTS),
    **{
        ("kube-system", f"system::leader-locking-{name}"): (
            "- | configmaps | watch",
            f"- | configmaps | get update | {name}",
            *_LOCKS,
        )
        for name in ("kube-controller-manager", "kube-scheduler")
    },
    ("kube-public", "system:controller:bootstrap-signer"): (
        f"- | configmaps | {_READ}",
        "- | configmaps | update | cluster-info",
        *_EVENTS,
    ),
}
_BINDINGS = {
    ("kube-public", "system:controller:bootstrap-signer"): ("ServiceAccount kube-system/bootstrap-signer",),
    ("kube-system", "system:controller:bootstrap-signer"): ("ServiceAccount kube-system/bootstrap-signer",),
    ("kube-system", "system:controller:cloud-provider"): ("ServiceAccount kube-system/cloud-provider",),
    ("kube-system", "system:controller:token-cleaner"): ("ServiceAccount kube-system/token-cleaner",),
    ("kube-system", "system::extension-apiserver-authentication-reader"): (
        "User system:kube-controller-manager",
        "User system:kube-scheduler",
    ),
    ("kube-system", "system::leader-locking-kube-controller-manager"): (
        "User system:kube-controller-manager",
        "ServiceAccount kube-system/kube-controller-manager",
        "ServiceAccount kube-system/leader-election-controller",
    ),
    ("kube-system", "system::leader-locking-kube-scheduler"): (
        "User system:kube-scheduler",
        "ServiceAccount kube-system/kube-scheduler",
    ),
}


def wanted() -> Iterator[tuple[Kind, Object]]:
    """Every role and binding, roles first."""
    controllers = {PREFIX + name: lines for name, lines in CONTROLLER_ROLES.items()}
    for name, lines in (CLUSTER_ROLES | controllers).items():
        yield CLUSTER_ROLE, {"metadata": _metadata(name), "rules": [_rule(line) for line in lines]}
    for name in AGGREGATED:
        yield CLUSTER_ROLE, _aggregated(name)
    for (namespace, name), lines in _ROLES.items():
        meta = {**_metadata(name), "namespace": namespace}
        yield ROLE, {"metadata": meta, "rules": [_rule(line) for line in lines]}
    accounts = {PREFIX + name: (f"ServiceAccount kube-system/{name}",) for name in CONTROLLER_ROLES}
    for name, subjects in (CLUSTER_BINDINGS | accounts).items():
        yield CLUSTER_ROLE_BINDING, {
            "metadata": _metadata(name), "roleRef": {"apiGroup": _GROUP, "kind": "ClusterRole", "name": name},
            "subjects": [_subject(text) for text in subjects],
        }  # fmt: skip
    for (namespace, name), subjects in _BINDINGS.items():
        role = name if (namespace, name) in _ROLES else name.removeprefix("system::")
        yield ROLE_BINDING, {
            "metadata": {**_metadata(name), "namespace": namespace},
            "roleRef": {"apiGroup": _GROUP, "kind": "Role", "name": role},
            "subjects": [_subject(text) for text in subjects],
        }  # fmt: skip


def _metadata(name: str) -> Object:
    labels = dict(_LABEL)
    if name in _AGGREGATE_TO:
        labels[_AGGREGATE.format(_AGGREGATE_TO[name])] = "true"
    return {"name": name, "labels": labels, "annotations": {AUTOUPDATE: "true"}}


def _aggregated(name: str) -> Object:
    """With the rules that gathering will find: nobody waits for the controller on the first day."""
    selector = {"matchLabels": {_AGGREGATE.format(name): "true"}}
    gathered = [f"system:aggregate-to-{name}"]
    if below := AGGREGATED[name]:
        gathered += [f"system:aggregate-to-{below}"] + (["system:aggregate-to-view"] if below == "edit" else [])
    rules = [_rule(line) for source in gathered for line in CLUSTER_ROLES[source]]
    return {
        "metadata": _metadata(name), "aggregationRule": {"clusterRoleSelectors": [selector]}, "rules": rules,
    }  # fmt: skip


def _rule(line: str) -> Object:
    if line.startswith("/"):
        urls, verbs = (sorted(part.split()) for part in line.split("|"))
        return {"nonResourceURLs": ["*" if url == "/*" else url for url in urls], "verbs": verbs}
    groups, resources, verbs, *names = (sorted(part.split()) for part in line.split("|"))
    rule: Object = {
        "apiGroups": ["" if group == "-" else group for group in groups], "resources": resources, "verbs": verbs,
    }  # fmt: skip
    return {**rule, "resourceNames": names[0]} if names else rule


def _subject(text: str) -> Object:
    kind, _, name = text.partition(" ")
    if kind == "ServiceAccount":
        namespace, _, name = name.partition("/")
        return {"kind": kind, "name": name, "namespace": namespace}
    return {"apiGroup": _GROUP, "kind": kind, "name": name}


def missing_rules(found: Sequence[Object] | None, should: Sequence[Object]) -> list[Object]:
    """The rules of ``should`` that a role in use no longer has."""
    present = [_in_order(rule) for rule in found or ()]
    return [rule for rule in should if _in_order(rule) not in present]


def _in_order(rule: Object) -> Object:
    return {field: sorted(values) for field, values in rule.items()}
