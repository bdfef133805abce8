"""What a StatefulSet may leave out."""

from fairway.kinds.rules import replicas
from fairway.kinds.rules.claim_spec import fill_claim_spec
from fairway.kinds.rules.pod_spec import fill_template
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, drop_null, fill, fill_empty
from fairway.objects import Object

_EMPTY = {"replicas": 0, "availableReplicas": 0}


def defaults(new: Object) -> None:
    """One replica; pods come and go one by one, and storage stays."""
    spec = child(new, "spec")
    drop_null(spec, "selector", "minReadySeconds", "ordinals", "volumeClaimTemplates")
    fill_empty(spec, podManagementPolicy="OrderedReady")
    if spec.get("serviceName") is None:
        spec["serviceName"] = ""
    fill(spec, replicas=1, revisionHistoryLimit=10)
    strategy = child(spec, "updateStrategy")
    drop_null(strategy, "rollingUpdate")
    fill_empty(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(child(strategy, "rollingUpdate"), partition=0)
    fill_empty(child(spec, "persistentVolumeClaimRetentionPolicy"), whenDeleted="Retain", whenScaled="Retain")
    fill_template(child(spec, "template"))
    for template in spec.get("volumeClaimTemplates") or ():
        _claim_template(template)
    fill(child(new, "status"), **_EMPTY)


def _claim_template(template: Object) -> None:
    template["apiVersion"], template["kind"] = "v1", "PersistentVolumeClaim"
    child(template, "metadata")
    fill_claim_spec(child(template, "spec"))
    fill(child(template, "status"), phase="Pending")


def of_apps_beta(new: Object) -> None:
    """apps/v1beta1: labels from the template, replaced on deletion only."""
    replicas.labels_from_template(new)
    fill_empty(child(child(new, "spec"), "updateStrategy"), type="OnDelete")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource."""
    keep_apart(new, old, subresource, _EMPTY)
