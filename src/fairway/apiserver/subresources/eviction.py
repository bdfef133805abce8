"""The ``eviction`` subresource of pods: a delete that the pod's disruption budget may refuse.

Source: Kubernetes docs, "API-initiated Eviction"; KEP-3017 (unhealthyPodEvictionPolicy).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fairway.apiserver import deletion, write_options
from fairway.apiserver.admission import consulting
from fairway.apiserver.admission.attributes import CREATE
from fairway.apiserver.call import Call
from fairway.apiserver.decode import check_type, copy
from fairway.apiserver.reply import Made, Reply
from fairway.apiserver.stored import Stored
from fairway.apiserver.verbs.delete import delete_one
from fairway.apiserver.verbs.get import current
from fairway.kinds import POD, POD_DISRUPTION_BUDGET
from fairway.objects import Object, meta, strict
from fairway.objects.conditions import is_true
from fairway.objects.errors import StatusError, bad_request, forbidden, too_many_requests
from fairway.objects.labels import from_label_selector

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

VERSIONS = ("policy/v1", "policy/v1beta1")
VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."
_TWO = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
_MAX_DISRUPTED = 2000
_UNSEEN_RETRY_S = 10


async def evict(call: Call, api: "Api") -> Reply:
    """POST.  Raises: ``StatusError`` 429 if the budget does not allow it, 404, 409, 500 with two budgets."""
    body = _checked(call)
    await consulting.consult(call, CREATE, body, None, api, object_kind=("policy", "v1", "Eviction"))
    given = {**(body.get("deleteOptions") or {})}
    for field in ("kind", "apiVersion"):
        given.pop(field, None)
    deletion.check_types(given)
    options = deletion.read(given)
    is_dry_run = options.is_dry_run or "dryRun" in call.options
    for attempts_left in range(api.settings.limits.conflict_tries, 0, -1):
        pod = current(call, api)
        deletion.check_preconditions(POD, pod.object, options)
        budget = budget_of(pod.object, _budgets(call, api))
        if budget is None:
            break
        granted = grant(pod.object, budget.object, api.clock())
        if granted is None or is_dry_run:
            break
        try:
            await api.commits.replace(POD_DISRUPTION_BUDGET, granted, budget)
            break
        except StatusError as error:
            if error.reason != "Conflict" or attempts_left == 1:
                raise
        name = budget.object["metadata"]["name"]
        await api.cache.wait_newer(POD_DISRUPTION_BUDGET, call.namespace, name, budget.revision)
    if not is_dry_run:
        await _say_why(call, api)
        await delete_one(_as_delete(call), api, options)
    return Made({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


def _checked(call: Call) -> Object:
    write_options.check(call.options, "CreateOptions")
    named = call.body.get("apiVersion") if isinstance(call.body, dict) else None
    body = check_type(call.body, call.raw, "Eviction", named if named in VERSIONS else VERSIONS[0])
    validation = strict.mode(call.options.get("fieldValidation"))
    call.warnings.extend(strict.check(body, call.raw, api_version=VERSIONS[0], kind="Eviction", validation=validation))
    if (body.get("metadata") or {}).get("name") != call.name:
        raise bad_request("name in URL does not match name in Eviction object")
    return body


def _budgets(call: Call, api: "Api") -> Iterable[Stored]:
    collection = api.cache.of(POD_DISRUPTION_BUDGET)
    return [collection.live[key] for key in collection.keys(f"{POD_DISRUPTION_BUDGET.prefix}{call.namespace}/")]


def budget_of(pod: Object, budgets: Iterable[Stored]) -> Stored | None:
    """The budget that has a say; ``None`` for a pod that serves nobody.  Raises: ``StatusError`` 500 with two."""
    if meta.is_deleting(pod) or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed", "Pending"):
        return None
    labels = pod["metadata"].get("labels")
    found = [
        budget
        for budget in budgets
        if (selector := budget.object["spec"].get("selector")) is not None
        and from_label_selector(selector).matches(labels)
    ]
    if len(found) > 1:
        raise StatusError(500, "", _TWO)
    return found[0] if found else None


def grant(pod: Object, budget: Object, now_s: float) -> Object | None:
    """The budget with one pod less; ``None`` if it need not be asked.  Raises: ``StatusError`` 403, 429.

    Pure.  A pod that does not work takes nothing away: it may go where the others are enough, or always.
    """
    status, spec, name = budget.get("status") or {}, budget["spec"], budget["metadata"]["name"]
    if not is_true(pod, "Ready"):
        wanted = status.get("desiredHealthy") or 0
        is_enough = 0 < wanted <= (status.get("currentHealthy") or 0)
        if spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow" or is_enough:
            return None
    if (status.get("observedGeneration") or 0) < (budget["metadata"].get("generation") or 0):
        raise _refused(f"The disruption budget {name} is still being processed by the server.", _UNSEEN_RETRY_S)
    allowed, disrupted = status.get("disruptionsAllowed") or 0, status.get("disruptedPods") or {}
    if allowed < 0:
        raise _forbidden(name, "pdb disruptions allowed is negative")
    if len(disrupted) > _MAX_DISRUPTED:
        raise _forbidden(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller")
    if allowed == 0:
        needs, has = status.get("desiredHealthy") or 0, status.get("currentHealthy") or 0
        raise _refused(f"The disruption budget {name} needs {needs} healthy pods and has {has} currently", 0)
    new = copy(budget)
    new["status"] |= {
        "disruptionsAllowed": allowed - 1,
        "disruptedPods": {**disrupted, pod["metadata"]["name"]: meta.timestamp(now_s)},
    }
    if allowed == 1:
        for one in new["status"].get("conditions") or ():
            if one.get("type") == "DisruptionAllowed":
                stamp = meta.timestamp(now_s)
                one |= {"status": "False", "reason": "InsufficientPods", "lastTransitionTime": stamp}
    return new


def _refused(why: str, retry_after_s: int) -> StatusError:
    error = too_many_requests(VIOLATES, retry_after_s)
    error.details = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    if retry_after_s:
        error.details["retryAfterSeconds"] = retry_after_s
    return error


def _forbidden(name: str, why: str) -> StatusError:
    return forbidden(POD_DISRUPTION_BUDGET.group, "poddisruptionbudget", name, why)


async def _say_why(call: Call, api: "Api") -> None:
    """The pod says before it goes that it was moved on purpose; what races with its node's status is not worth more."""
    pod = current(call, api)
    if meta.is_deleting(pod.object) or (pod.object.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return
    new = pod.copy()
    conditions = [one for one in new["status"].get("conditions") or () if one.get("type") != "DisruptionTarget"]
    told = {
        "type": "DisruptionTarget", "status": "True", "lastProbeTime": None,
        "lastTransitionTime": meta.timestamp(api.clock()), "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }  # fmt: skip
    if generation := pod.object["metadata"].get("generation"):
        told["observedGeneration"] = generation
    new["status"]["conditions"] = [*conditions, told]
    try:
        await api.commits.replace(POD, new, pod)
    except StatusError as error:
        if error.code not in (404, 409):
            raise


def _as_delete(call: Call) -> Call:
    return Call(
        "delete", POD, call.user, namespace=call.namespace, name=call.name, user_agent=call.user_agent,
        warnings=call.warnings, annotations=call.annotations, is_consulted=True,
    )  # fmt: skip
