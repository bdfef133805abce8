"""StartHooks: the names under which health endpoints tell of what an API server begins with and keeps doing.

Pure.  Upstream's names, since probes and tests ask for them one by one; each stands for the part here that does the
same work.  Source: Kubernetes docs, "Kubernetes API health endpoints"; the names are those of 1.20 to 1.36.
"""

from collections.abc import Callable, Iterator
from functools import partial

from fairway.apiserver.health import Check

STORE, BOOTSTRAP, CUSTOM_KINDS = "follow the store", "keep the bootstrap objects", "serve custom kinds"
API_SERVICES, FLOW_SCHEMAS, ADDRESSES = "look after the APIServices", "judge the FlowSchemas", "repair the addresses"
SERVICE_CIDRS = "settle the ServiceCIDRs"
"""Names of background tasks."""

_HOOKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (STORE, (
        "start-apiserver-admission-initializer", "start-kube-apiserver-admission-initializer",
        "generic-apiserver-start-informers",
    )),
    (FLOW_SCHEMAS, ("priority-and-fairness-config-consumer", "priority-and-fairness-filter")),
    (STORE, ("storage-object-count-tracker-hook", "start-apiextensions-informers")),
    (CUSTOM_KINDS, ("start-apiextensions-controllers", "crd-informer-synced")),
    (BOOTSTRAP, (
        "start-system-namespaces-controller", "start-cluster-authentication-info-controller", "rbac/bootstrap-roles",
        "scheduling/bootstrap-system-priority-classes",
    )),
    (ADDRESSES, ("start-service-ip-repair-controllers",)),
    (FLOW_SCHEMAS, ("priority-and-fairness-config-producer",)),
    (BOOTSTRAP, ("bootstrap-controller",)),
    (SERVICE_CIDRS, ("start-kubernetes-service-cidr-controller",)),
    (API_SERVICES, (
        "start-kube-aggregator-informers", "apiservice-registration-controller",
        "apiservice-status-available-controller", "apiservice-status-local-available-controller",
        "apiservice-status-remote-available-controller", "apiservice-discovery-controller",
        "kube-apiserver-autoregistration", "apiservice-openapi-controller", "apiservice-openapiv3-controller",
    )),
)  # fmt: skip


def checks(failure: Callable[[str], str]) -> Iterator[Check]:
    """One for each hook; ``failure`` says what is wrong with a background task, if anything is."""
    for task, names in _HOOKS:
        for name in names:
            yield Check(f"poststarthook/{name}", partial(failure, task))
    yield Check("autoregister-completion", partial(failure, API_SERVICES))
