"""Specs of sig-apps on Jobs and CronJobs.

Each test bears the release name of its spec, or says what the spec's neighbour asks.
"""

from typing import Any

import pytest

from .asking import STRATEGIC, Api, Object, expect, label
from .workloads import job, path

INDEX = "batch.kubernetes.io/job-completion-index"


def conditions(found: Object) -> dict[str, tuple[str, str]]:
    """type -> (status, reason)"""
    return {one["type"]: (one["status"], one.get("reason") or "") for one in found["status"].get("conditions") or ()}


def ended(api: Api, namespace: str, name: str = "j") -> Object:
    """The Job once it is Complete or Failed."""
    found: Object = api.until(
        f"{path('jobs', namespace)}/{name}", lambda one: {"Complete", "Failed"} & set(conditions(one))
    )
    return found


def indexed(script: str, completions: int, **spec: Any) -> Object:
    spec = {"completionMode": "Indexed", "completions": completions, "parallelism": completions, **spec}
    return job("j", script, **spec)


def pods_of(api: Api, namespace: str, name: str = "j") -> list[Object]:
    found: list[Object] = api.get(f"{path('pods', namespace)}?labelSelector=batch.kubernetes.io/job-name={name}")[
        "items"
    ]
    return found


def test_pods_of_an_indexed_job_get_a_unique_index(api: Api, namespace: str) -> None:
    script = 'echo $JOB_COMPLETION_INDEX; test "$(hostname)" = "j-$JOB_COMPLETION_INDEX"'
    api.create(path("jobs", namespace), indexed(script, 4, parallelism=2, backoffLimit=0))
    done = ended(api, namespace)
    assert conditions(done)["Complete"] == ("True", "CompletionsReached")
    assert conditions(done)["SuccessCriteriaMet"] == ("True", "CompletionsReached")
    assert (done["status"]["succeeded"], done["status"]["completedIndexes"]) == (4, "0-3")
    pods = [one for one in pods_of(api, namespace) if one["status"]["phase"] == "Succeeded"]
    assert sorted(one["metadata"]["annotations"][INDEX] for one in pods) == list("0123")
    for pod in pods:
        index = pod["metadata"]["annotations"][INDEX]
        assert (pod["spec"]["hostname"], label(pod, INDEX)) == (f"j-{index}", index)
        env = {one["name"]: one for one in pod["spec"]["containers"][0]["env"]}
        assert env["JOB_COMPLETION_INDEX"]["valueFrom"]["fieldRef"]["fieldPath"] == f"metadata.labels['{INDEX}']"


def test_a_pod_failure_policy_fails_the_job_early(api: Api, namespace: str) -> None:
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3]}}
    failing = job("j", "exit 3", podFailurePolicy={"rules": [rule]}, backoffLimit=6)
    api.create(path("jobs", namespace), failing)
    done = ended(api, namespace)
    assert conditions(done)["Failed"] == ("True", "PodFailurePolicy")
    assert conditions(done)["FailureTarget"] == ("True", "PodFailurePolicy")
    assert done["status"]["failed"] == 1


def test_a_pod_failure_policy_ignores_disruptions(api: Api, namespace: str) -> None:
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    wanted = indexed("sleep 1000", 1, podFailurePolicy={"rules": [rule]}, backoffLimit=0)
    api.create(path("jobs", namespace), wanted)
    api.until(f"{path('jobs', namespace)}/j", lambda found: found["status"].get("ready") == 1)
    (first,) = pods_of(api, namespace)
    name = first["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    api.create(f"{path('pods', namespace)}/{name}/eviction", eviction)
    again = api.until(
        f"{path('jobs', namespace)}/j",
        lambda found: (
            found["status"].get("ready") == 1
            and all(one["metadata"]["uid"] != first["metadata"]["uid"] for one in pods_of(api, namespace))
        ),
    )
    assert (again["status"].get("failed") or 0, "Failed" in conditions(again)) == (0, False)


def test_all_indexes_run_with_a_backoff_limit_of_each(api: Api, namespace: str) -> None:
    script = "test $JOB_COMPLETION_INDEX != 1"
    api.create(path("jobs", namespace), indexed(script, 3, backoffLimitPerIndex=0))
    done = ended(api, namespace)
    assert conditions(done)["Failed"] == ("True", "FailedIndexes")
    assert (done["status"]["completedIndexes"], done["status"]["failedIndexes"]) == ("0,2", "1")
    assert (done["status"]["succeeded"], done["status"]["failed"]) == (2, 1)


def test_the_job_ends_when_too_many_indexes_have_failed(api: Api, namespace: str) -> None:
    api.create(path("jobs", namespace), indexed("exit 1", 3, parallelism=1, backoffLimitPerIndex=0, maxFailedIndexes=0))
    done = ended(api, namespace)
    assert conditions(done)["Failed"] == ("True", "MaxFailedIndexesExceeded")
    assert done["status"]["failedIndexes"] == "0"


def test_an_index_fails_by_the_policys_fail_index(api: Api, namespace: str) -> None:
    rule = {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [3]}}
    script = "test $JOB_COMPLETION_INDEX = 0 && exit 3; exit 0"
    wanted = indexed(script, 2, backoffLimitPerIndex=5, podFailurePolicy={"rules": [rule]})
    api.create(path("jobs", namespace), wanted)
    done = ended(api, namespace)
    assert conditions(done)["Failed"] == ("True", "FailedIndexes")
    assert (done["status"]["failedIndexes"], done["status"]["completedIndexes"]) == ("0", "1")
    assert done["status"]["failed"] == 1


@pytest.mark.parametrize(
    ("rule", "script", "indexes"),
    [
        ({"succeededCount": 1}, "test $JOB_COMPLETION_INDEX = 1 || sleep 1000", "1"),
        ({"succeededIndexes": "0"}, "test $JOB_COMPLETION_INDEX = 0 || sleep 1000", "0"),
        ({"succeededIndexes": "0-1", "succeededCount": 1}, "test $JOB_COMPLETION_INDEX = 0 || sleep 1000", "0"),
    ],
    ids=["count", "indexes", "both"],
)
def test_a_success_policy_ends_the_job(api: Api, namespace: str, rule: Object, script: str, indexes: str) -> None:
    api.create(path("jobs", namespace), indexed(script, 3, successPolicy={"rules": [rule]}))
    done = ended(api, namespace)
    assert conditions(done)["SuccessCriteriaMet"] == ("True", "SuccessPolicy")
    assert conditions(done)["Complete"] == ("True", "SuccessPolicy")
    assert (done["status"]["completedIndexes"], done["status"].get("active", 0)) == (indexes, 0)


def test_a_success_policy_that_all_indexes_meet(api: Api, namespace: str) -> None:
    api.create(path("jobs", namespace), indexed("exit 0", 2, successPolicy={"rules": [{"succeededIndexes": "0-1"}]}))
    done = ended(api, namespace)
    assert "Complete" in conditions(done)
    assert done["status"]["completedIndexes"] == "0,1"


def test_a_job_that_somebody_else_reconciles_is_left_alone(api: Api, namespace: str) -> None:
    api.create(path("jobs", namespace), job("other", managedBy="example.com/e2e"))
    api.create(path("jobs", namespace), job("own", managedBy="kubernetes.io/job-controller"))
    ended(api, namespace, "own")
    assert (pods_of(api, namespace, "other"), api.get(f"{path('jobs', namespace)}/other")["status"]) == ([], {})
    answer = api.ask(
        "PATCH", f"{path('jobs', namespace)}/other", {"spec": {"managedBy": "example.com/x"}}, STRATEGIC
    )  # fmt: skip
    assert (answer.status, "field is immutable" in answer.body["message"]) == (422, True)


def test_jobs_manage_lifecycle(api: Api, namespace: str) -> None:
    place = path("jobs", namespace)
    with api.watching(f"{place}?labelSelector=app=j") as events:
        api.create(place, job("j", suspend=True, parallelism=2, completions=2))
        expect(events, "ADDED")
        suspended = expect(events, "MODIFIED", lambda one: "Suspended" in conditions(one))
        assert conditions(suspended)["Suspended"] == ("True", "JobSuspended")
        api.patch(f"{place}/j", {"metadata": {"labels": {"patched": "true"}}}, STRATEGIC)
        expect(events, "MODIFIED", lambda one: label(one, "patched"))

        def resume(found: Object) -> None:
            found["spec"]["suspend"] = False
            found["metadata"]["annotations"] = {"updated": "true"}

        api.change(f"{place}/j", resume)
        expect(events, "MODIFIED", lambda one: (one["metadata"].get("annotations") or {}).get("updated"))
        done = ended(api, namespace)
        assert conditions(done)["Suspended"] == ("False", "JobResumed")
        api.delete(f"{place}?labelSelector=patched=true&propagationPolicy=Background")
        expect(events, "DELETED")
    api.until(f"{path('pods', namespace)}?labelSelector=app=j", lambda found: found["items"] == [])


def test_jobs_apply_changes_to_status(api: Api, namespace: str) -> None:
    place = f"{path('jobs', namespace)}/j"
    api.create(path("jobs", namespace), job("j", "sleep 1000", parallelism=2, completions=4))
    api.until(place, lambda found: found["status"].get("ready") == 2)
    stamp = "2026-01-01T00:00:00Z"
    failed = {"type": "CustomCondition", "status": "True", "lastTransitionTime": stamp}
    patch = {"metadata": {"annotations": {"patchedstatus": "true"}}, "status": {"conditions": [failed]}}
    patched = api.patch(f"{place}/status", patch)
    assert patched["metadata"]["annotations"]["patchedstatus"] == "true"
    assert "CustomCondition" in conditions(patched)

    def update(found: Object) -> None:
        found["status"]["conditions"] = [{**failed, "type": "Other"}]

    assert "Other" in conditions(api.change(f"{place}/status", update))
    assert api.get(f"{place}/status")["spec"]["completions"] == 4


def test_jobs_adopt_orphans_and_release_others(api: Api, namespace: str) -> None:
    api.create(path("jobs", namespace), job("j", "sleep 1000", parallelism=2, completions=2))
    api.until(f"{path('jobs', namespace)}/j", lambda found: found["status"].get("ready") == 2)
    name = pods_of(api, namespace)[0]["metadata"]["name"]
    place = f"{path('pods', namespace)}/{name}"
    api.patch(place, {"metadata": {"ownerReferences": None}})
    api.until(place, lambda found: found["metadata"].get("ownerReferences"))
    api.patch(place, {"metadata": {"labels": None}})
    api.until(place, lambda found: not found["metadata"].get("ownerReferences"))


def test_jobs_complete_after_task_failures(api: Api, namespace: str) -> None:
    volume = {"name": "data", "emptyDir": {}}
    new = job("j", "test -e /data/once || { touch /data/once; exit 1; }", parallelism=2, completions=2)
    spec = new["spec"]["template"]["spec"]
    spec |= {"restartPolicy": "OnFailure", "volumes": [volume]}
    spec["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    api.create(path("jobs", namespace), new)
    done = ended(api, namespace)
    assert (done["status"]["succeeded"], "Complete" in conditions(done)) == (2, True)


def test_a_deadline_and_a_backoff_limit_fail_the_job(api: Api, namespace: str) -> None:
    place = path("jobs", namespace)
    api.create(place, job("late", "sleep 1000", activeDeadlineSeconds=1))
    api.create(place, job("failing", "exit 1", backoffLimit=0))
    assert conditions(ended(api, namespace, "late"))["Failed"] == ("True", "DeadlineExceeded")
    assert conditions(ended(api, namespace, "failing"))["Failed"] == ("True", "BackoffLimitExceeded")
    quick = job("quick", ttlSecondsAfterFinished=0)
    api.create(place, quick)
    api.until(f"{place}/quick", lambda found: found is None)


def test_cron_job_suspend_and_owned_jobs(api: Api, namespace: str) -> None:
    place = path("cronjobs", namespace)
    spec = {"schedule": "*/1 * * * ?", "suspend": True, "jobTemplate": {"spec": job("x")["spec"]}}
    made = api.create(place, {"metadata": {"name": "c"}, "spec": spec})
    assert (made["spec"]["concurrencyPolicy"], made["spec"]["successfulJobsHistoryLimit"]) == ("Allow", 3)
    assert (made["spec"]["failedJobsHistoryLimit"], made["status"]) == (1, {})
    patched = api.patch(f"{place}/c/status", {"status": {"lastScheduleTime": "2026-01-01T00:00:00Z"}})
    assert patched["status"]["lastScheduleTime"] == "2026-01-01T00:00:00Z"
    assert api.get(path("jobs", namespace))["items"] == []


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            {"completions": 2, "completionMode": "Indexed", "parallelism": 100001},
            "must be less than or equal to 100000",
        ),
        ({"successPolicy": {"rules": [{"succeededCount": 1}]}}, "requires indexed completion mode"),
        ({"backoffLimitPerIndex": 1}, "requires indexed completion mode"),
        (
            {"completionMode": "Indexed", "parallelism": 2},
            "spec.completions: Required value: when completion mode is Indexed",
        ),
        ({"manualSelector": True}, "spec.selector: Required value"),
        (
            {"podFailurePolicy": {"rules": [{"action": "FailIndex"}]}},
            "specifying one of OnExitCodes and OnPodConditions is required",
        ),
        ({"ttlSecondsAfterFinished": -1}, "must be greater than or equal to 0"),
        ({"podReplacementPolicy": "Failed", "managedBy": "x"}, "must be a domain-prefixed path"),
    ],
)
def test_what_is_no_job_is_refused(api: Api, namespace: str, spec: Object, text: str) -> None:
    answer = api.ask("POST", f"{path('jobs', namespace)}?dryRun=All", job("j", **spec))
    assert (answer.status, text in answer.body["message"]) == (422, True), answer.body["message"]
