"""APIServices of what this server answers for itself: one for each group and version.

Shape: ``wanted(kinds)`` (pure) says what there should be; ``authentication`` what tells extension servers about us.
Source: Kubernetes docs, "Kubernetes API Aggregation Layer".
"""

from collections.abc import Iterable, Iterator

from fairway.apiserver.settings import Settings
from fairway.kinds import CONFIG_MAP
from fairway.kinds.group_priorities import group_priority, version_priority
from fairway.kinds.kind import Kind
from fairway.objects import Object

MANAGED = "kube-aggregator.kubernetes.io/automanaged"
"""``onstart``: made at the start and then left alone.  ``true``: kept for as long as the group is served."""


def served(kinds: Iterable[Kind]) -> list[tuple[str, str]]:
    """(group, version) of all that Kubernetes 1.36 has too; not what is only kept for old manifests."""
    found = dict.fromkeys((kind.group, kind.version) for kind in kinds if kind.is_served)
    found |= dict.fromkeys((also.group, also.version) for kind in kinds for also in kind.also if not also.warning)
    return list(found)


def authentication(settings: Settings) -> Iterator[tuple[Kind, Object]]:
    """The ConfigMap by which extension servers know whom to believe what headers say of users."""
    front = settings.front_proxy
    if front is None:
        return
    data = {
        "requestheader-allowed-names": '["front-proxy-client"]',
        "requestheader-client-ca-file": front.ca.read_text(),
        "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
        "requestheader-group-headers": '["X-Remote-Group"]',
        "requestheader-uid-headers": '["X-Remote-Uid"]',
        "requestheader-username-headers": '["X-Remote-User"]',
    }
    if settings.node_tunnel is not None:
        data["client-ca-file"] = settings.node_tunnel.ca.read_text()
    metadata = {"name": "extension-apiserver-authentication", "namespace": "kube-system"}
    yield CONFIG_MAP, {"metadata": metadata, "data": data}


def wanted(kinds: Iterable[Kind]) -> Iterator[Object]:
    """One for each group and version of ``kinds``."""
    for group, version in served(tuple(kinds)):
        yield api_service(group, version, "onstart")


def api_service(group: str, version: str, managed: str) -> Object:
    """The APIService of a group and version that is served here."""
    spec = {
        "group": group, "version": version,
        "groupPriorityMinimum": group_priority(group), "versionPriority": version_priority(group, version),
    }  # fmt: skip
    if not group:
        del spec["group"]
    return {"metadata": {"name": f"{version}.{group}", "labels": {MANAGED: managed}}, "spec": spec}
