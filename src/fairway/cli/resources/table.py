"""Table: the kinds that every Kubernetes API server serves, so that nobody need be asked for them.

``tests/pure/test_cli_resources.py`` holds it against ``fairway.kinds`` and discovery.
"""

from fairway.cli.resources.resource import Resource

_ROWS = """\
pods Pod v1 + po
services Service v1 + svc
endpoints Endpoints v1 + ep
nodes Node v1 - no
namespaces Namespace v1 - ns
configmaps ConfigMap v1 + cm
secrets Secret v1 + .
serviceaccounts ServiceAccount v1 + sa
events Event v1 + ev
replicationcontrollers ReplicationController v1 + rc
deployments Deployment apps/v1 + deploy
replicasets ReplicaSet apps/v1 + rs
daemonsets DaemonSet apps/v1 + ds
controllerrevisions ControllerRevision apps/v1 + .
endpointslices EndpointSlice discovery.k8s.io/v1 + .
ingresses Ingress networking.k8s.io/v1 + ing
ingressclasses IngressClass networking.k8s.io/v1 - .
networkpolicies NetworkPolicy networking.k8s.io/v1 + netpol
leases Lease coordination.k8s.io/v1 + .
"""
"""Plural, kind, apiVersion, ``+`` for namespaced, short name."""

OTHERS = {"ev": "events.events.k8s.io"}
"""What else, of every API server, has a short name of the table."""


def _rows() -> "list[list[str]]":
    return [line.split() for line in _ROWS.splitlines()]


def built_in(word: str) -> Resource | None:
    """The kind that ``word`` names; short names are lower case."""
    name, _, rest = word.partition(".")
    whole = name.lower()
    for row in _rows():
        plural, kind, api_version, _, short = row
        if whole not in (plural, kind.lower()) and name != short:
            continue
        group, _, version = api_version.rpartition("/")
        if not rest or rest in (group, f"{version}.{group}", f"{version}."):
            return _resource(row)
    return None


def built_in_kind(api_version: str, kind: str) -> Resource | None:
    """The kind of a manifest."""
    for row in _rows():
        if (row[1], row[2]) == (kind, api_version):
            return _resource(row)
    return None


def all_built_in() -> list[Resource]:
    """Every row."""
    return [_resource(row) for row in _rows()]


def _resource(row: "list[str]") -> Resource:
    plural, kind, api_version, scope, short = row
    group, _, version = api_version.rpartition("/")
    return Resource(group, version, plural, kind, scope == "+", short_names=() if short == "." else (short,))
