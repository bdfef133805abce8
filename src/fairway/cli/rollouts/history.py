"""History: the revisions of a workload: ReplicaSets of a Deployment, ControllerRevisions of a DaemonSet.

Shape: ``revisions(api, object)`` gives number -> ``Revision``.  Raises: ``Failure`` for kinds that have none.
"""

from fairway.cli.failure import Failure
from fairway.cli.rollouts import REVISION
from fairway.cli.writing import CHANGE_CAUSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.client.blocking import Api


class Revision:
    """``object`` is the ReplicaSet or ControllerRevision; ``template`` the pods' template then."""

    __slots__ = ("cause", "object", "template")

    def __init__(self, object: "dict[str, Any]", template: "dict[str, Any]") -> None:
        self.object, self.template = object, template
        self.cause: str = (object["metadata"].get("annotations") or {}).get(CHANGE_CAUSE) or ""

    def told(self) -> str:
        """The template as ``history --revision`` shows it."""
        from fairway.cli.describe import pod_template
        from fairway.cli.describe.page import Page

        template = self.template
        if self.cause:
            meta = template.get("metadata") or {}
            marks = {**(meta.get("annotations") or {}), CHANGE_CAUSE: self.cause}
            template = {**template, "metadata": {**meta, "annotations": marks}}
        page = Page(0.0)
        pod_template.write(page, template)
        return page.written()


def revisions(api: "Api", found: "dict[str, Any]", what: str = "history") -> "dict[int, Revision]":
    """The revisions by number.  ``what``: what is looked for, as a refusal says it."""
    kind, group = found.get("kind", ""), found.get("apiVersion", "").rpartition("/")[0]
    looked = "retrieving history" if what == "history" else "retrieving rollbacker"
    if group not in ("apps", "extensions") or kind not in ("Deployment", "DaemonSet", "StatefulSet"):
        where = f"{{{group} {kind}}}"
        raise Failure(f'error {looked} for "{kind}", no visitor method exists for {where}')
    made = _of_deployment(api, found) if kind == "Deployment" else _of_daemon_set(api, found)
    return dict(sorted(made.items()))


def _owned(api: "Api", plural: str, owner: "dict[str, Any]") -> "list[dict[str, Any]]":
    from fairway.objects.labels import from_label_selector

    meta = owner["metadata"]
    selector = str(from_label_selector(owner["spec"].get("selector")))
    page = api.get(f"/apis/apps/v1/namespaces/{meta['namespace']}/{plural}", {"labelSelector": selector})
    return [
        item for item in page.get("items") or ()
        if any(each.get("controller") and each.get("uid") == meta["uid"]
               for each in item["metadata"].get("ownerReferences") or ())
    ]  # fmt: skip


def _of_deployment(api: "Api", found: "dict[str, Any]") -> "dict[int, Revision]":
    made = {}
    for item in _owned(api, "replicasets", found):
        item = {"apiVersion": "apps/v1", "kind": "ReplicaSet", **item}
        number = (item["metadata"].get("annotations") or {}).get(REVISION, "")
        if number.isdigit():
            made[int(number)] = Revision(item, item["spec"]["template"])
    return made


def _of_daemon_set(api: "Api", found: "dict[str, Any]") -> "dict[int, Revision]":
    from fairway.objects.patches import strategic_merge
    from fairway.objects.patches.values import copied

    made = {}
    for item in _owned(api, "controllerrevisions", found):
        item = {"apiVersion": "apps/v1", "kind": "ControllerRevision", **item}
        then = strategic_merge.apply(copied(found), item.get("data") or {}, found["apiVersion"], found["kind"])
        made[int(item["revision"])] = Revision(item, then["spec"]["template"])
    return made
