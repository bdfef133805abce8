"""The ``binding`` subresource: the scheduler says on which node a pod runs.

Source: Kubernetes API reference, "Binding v1 core".
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from fairway.apiserver import write_options
from fairway.apiserver.admission import consulting
from fairway.apiserver.admission.attributes import CREATE
from fairway.apiserver.call import Call
from fairway.apiserver.decode import check_type
from fairway.apiserver.reply import Made, Reply
from fairway.apiserver.stored import Stored
from fairway.apiserver.verbs.get import current
from fairway.kinds import POD
from fairway.objects import Object, meta, strict
from fairway.objects.errors import StatusError, bad_request, conflict, not_supported, required
from fairway.objects.labels import validate_labels

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


async def bind(call: Call, api: "Api") -> Reply:
    """POST.  Raises: ``StatusError`` 409 if the pod has a node or is going, 500 for a target that is no node."""
    target, metadata = _checked(call)
    await consulting.consult(call, CREATE, call.body, None, api, object_kind=("", "v1", "Binding"))
    for attempts_left in range(api.settings.limits.conflict_tries, 0, -1):
        old = current(call, api)
        new = _bound(call, old, target, metadata, api.clock())
        if "dryRun" in call.options:
            break
        try:
            await api.commits.replace(call.kind, new, old)
            break
        except StatusError as error:
            if error.reason != "Conflict" or attempts_left == 1:
                raise
        await api.cache.wait_newer(call.kind, call.namespace, call.name, old.revision)
    return Made({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


async def bind_named(call: Call, api: "Api") -> Reply:
    """POST of a Binding that names its pod itself.  Raises: ``StatusError`` as ``bind`` does."""
    metadata = (call.body.get("metadata") if isinstance(call.body, dict) else None) or {}
    return await bind(replace(call, kind=POD, name=str(metadata.get("name") or ""), subresource="binding"), api)


def _checked(call: Call) -> tuple[str, Object]:
    """(node, metadata) of the Binding."""
    write_options.check(call.options, "CreateOptions")
    body = check_type(call.body, call.raw, "Binding", "v1")
    validation = strict.mode(call.options.get("fieldValidation"))
    call.warnings.extend(strict.check(body, call.raw, api_version="v1", kind="Binding", validation=validation))
    target, metadata = body.get("target") or {}, body.get("metadata") or {}
    if (metadata.get("name") or "") != call.name:
        raise bad_request("name in URL does not match name in Binding object")
    problems = [*validate_labels(metadata.get("labels"), "metadata.labels")]
    problems += meta.validate_annotations(metadata.get("annotations"), "metadata.annotations")
    if target.get("kind") not in (None, "", "Node"):
        problems.append(not_supported("target.kind", target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        problems.append(required("target.name"))
    if problems:
        # Upstream hands these on as they are, without a reason.
        texts = list(dict.fromkeys(problem.text for problem in problems))
        raise StatusError(500, "", texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
    return target["name"], metadata


def _bound(call: Call, old: Stored, node: str, metadata: Object, now_s: float) -> Object:
    """The pod with its node."""
    new = old.copy()
    pod, spec = new["metadata"], new["spec"]
    if metadata.get("uid") and metadata["uid"] != pod["uid"]:
        why = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {pod['uid']}"
        raise conflict("", "pods/binding", call.name, why)
    if pod.get("deletionTimestamp"):
        raise conflict("", "pods/binding", call.name, f"pod {call.name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        why = f'pod {call.name} is already assigned to node "{spec["nodeName"]}"'
        raise conflict("", "pods/binding", call.name, why)
    spec["nodeName"] = node
    for field in ("annotations", "labels"):
        if metadata.get(field):
            pod[field] = {**(pod.get(field) or {}), **metadata[field]}
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
    if generation := pod.get("generation"):
        scheduled["observedGeneration"] = generation
    status = new.setdefault("status", {})
    status.pop("nominatedNodeName", None)
    others = [one for one in status.get("conditions") or () if one["type"] != "PodScheduled"]
    status["conditions"] = [*others, {**scheduled, "lastTransitionTime": meta.timestamp(now_s)}]
    return new
