"""Jobs, StatefulSets, CronJobs, claims and budgets with real pods, as kubectl shows and moves them."""

import json
from pathlib import Path
from typing import Any

from .conftest import Cluster
from .test_pods import CONTAINER, create

Found = dict[str, Any]


def job(name: str, script: str, **spec: Any) -> Found:
    pod = {
        "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
        "containers": [{**CONTAINER, "command": ["sh", "-c", script]}],
    }  # fmt: skip
    given = {"template": {"spec": pod}, **spec}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": given}


def template(name: str, **container: Any) -> Found:
    pod = {"terminationGracePeriodSeconds": 1, "containers": [{**CONTAINER, **container}]}
    return {"metadata": {"labels": {"app": name}}, "spec": pod}


def stateful_set(name: str, replicas: int) -> list[Found]:
    """The set, with a claim for each pod, and its headless Service."""
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    mount = {"name": "data", "mountPath": "/data"}
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    spec = {
        "replicas": replicas, "serviceName": name, "selector": {"matchLabels": {"app": name}},
        "template": template(name, readinessProbe=probe, volumeMounts=[mount]),
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": asked}],
    }  # fmt: skip
    service = {"clusterIP": "None", "selector": {"app": name}, "ports": [{"port": 8080}]}
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": service},
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": spec},
    ]


def test_jobs_run_to_their_end_or_say_why_not(cluster: Cluster, namespace: str) -> None:
    here = ("-n", namespace)
    create(
        cluster, namespace,
        job("good", "echo $JOB_COMPLETION_INDEX", completions=3, parallelism=2, completionMode="Indexed"),
        job("bad", "exit 3", backoffLimit=0),
        job("late", "sleep 60", activeDeadlineSeconds=1),
        job("brief", "true", ttlSecondsAfterFinished=1),
    )  # fmt: skip
    assert cluster.kubectl("wait", "--for=condition=complete", "job/good", "--timeout=30s", *here) == (
        "job.batch/good condition met\n"
    )
    cluster.kubectl("wait", "--for=condition=failed", "job/bad", "job/late", "--timeout=30s", *here)
    header, row = cluster.kubectl("get", "job", "good", *here).splitlines()
    assert header.split() == ["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"]
    assert row.split()[:3] == ["good", "Complete", "3/3"]
    told = cluster.kubectl("logs", "-l", "job-name=good", *here)
    assert sorted(told.split()) == ["0", "1", "2"]
    reasons = {
        name: cluster.get("job", name, *here)["status"]["conditions"][-1]["reason"] for name in ("bad", "late")
    }  # fmt: skip
    assert reasons == {"bad": "BackoffLimitExceeded", "late": "DeadlineExceeded"}
    assert "job.batch/good" in cluster.kubectl("get", "all", *here)
    cluster.wait(lambda: not cluster.run("get", "job", "brief", *here).stdout, "the job that does not stay")
    cluster.kubectl("delete", "job", "good", *here)
    cluster.wait(lambda: not cluster.kubectl("get", "pods", "-l", "job-name=good", *here), "its pods to go too")
    cluster.kubectl("delete", "job", "bad", "--cascade=orphan", *here)
    (left,) = cluster.get("pods", "-l", "job-name=bad", *here)["items"]
    assert "ownerReferences" not in left["metadata"]
    cluster.kubectl("delete", "pod", left["metadata"]["name"], *here)


def test_a_suspended_job_waits(cluster: Cluster, namespace: str) -> None:
    here = ("-n", namespace)
    create(cluster, namespace, job("held", "true", suspend=True))
    cluster.kubectl("wait", "--for=condition=suspended", "job/held", "--timeout=20s", *here)
    assert cluster.kubectl("get", "pods", *here) == ""
    cluster.kubectl("patch", "job", "held", "-p", '{"spec":{"suspend":false}}', *here)
    cluster.kubectl("wait", "--for=condition=complete", "job/held", "--timeout=20s", *here)


def test_a_cron_job_runs_by_its_schedule_and_by_hand(cluster: Cluster, namespace: str) -> None:
    here = ("-n", namespace)
    spec = {"schedule": "@every 1s", "jobTemplate": {"spec": job("x", "echo tick")["spec"]}}
    create(cluster, namespace, {
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"}, "spec": spec})  # fmt: skip
    cluster.kubectl("create", "job", "hand", "--from=cronjob/tick", *here)
    cluster.kubectl("wait", "--for=condition=complete", "job/hand", "--timeout=20s", *here)
    assert cluster.kubectl("logs", "job/hand", *here) == "tick\n"
    cluster.wait(
        lambda: cluster.get("cronjob", "tick", *here).get("status", {}).get("lastSuccessfulTime"), "a run by schedule"
    )
    header, row = cluster.kubectl("get", "cronjob", *here).splitlines()
    assert header.split() == "NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST SCHEDULE AGE".split()  # noqa: SIM905
    assert row.split()[:5] == ["tick", "@every", "1s", "<none>", "False"]
    cluster.kubectl("delete", "cronjob", "tick", *here)


def test_a_stateful_set_keeps_names_and_data(cluster: Cluster, namespace: str) -> None:
    here = ("-n", namespace)
    create(cluster, namespace, *stateful_set("web", 2))
    status = ("rollout", "status", "sts/web", "--timeout=60s", *here)
    cluster.kubectl(*status)
    cluster.kubectl("exec", "web-0", *here, "--", "sh", "-c", "echo kept > /data/x")
    before = cluster.get("pod", "web-0", *here)["metadata"]["uid"]
    cluster.kubectl("delete", "pod", "web-0", *here)
    cluster.wait(lambda: _uid(cluster, "web-0", here) not in ("", before), "another web-0")
    cluster.kubectl(*status)
    assert cluster.kubectl("exec", "web-0", *here, "--", "cat", "/data/x") == "kept\n"
    answer = cluster.kubectl("exec", "web-1", *here, "--", "curl", "-s", "http://web-0.web:8080/")
    assert "web-0" in answer
    cluster.kubectl("set", "env", "sts/web", "COLOUR=green", *here)
    cluster.kubectl(*status)
    assert "COLOUR" in json.dumps(cluster.get("pod", "web-0", *here)["spec"]["containers"][0])
    history = cluster.kubectl("rollout", "history", "sts/web", *here)
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "2"]
    cluster.kubectl("rollout", "undo", "sts/web", *here)
    cluster.kubectl(*status)
    assert "COLOUR" not in json.dumps(cluster.get("pod", "web-0", *here)["spec"]["containers"][0])
    cluster.kubectl("scale", "sts/web", "--replicas=1", *here)
    cluster.wait(lambda: not _uid(cluster, "web-1", here), "web-1 to go")
    _check_storage(cluster, here)


def _uid(cluster: Cluster, name: str, here: tuple[str, ...]) -> str:
    return cluster.run("get", "pod", name, "-o", "jsonpath={.metadata.uid}", *here).stdout


def _check_storage(cluster: Cluster, here: tuple[str, ...]) -> None:
    """Claims outlive the set; what was made for them goes with them, on the disk too."""
    claims = cluster.get("pvc", *here)["items"]
    assert [one["status"]["phase"] for one in claims] == ["Bound", "Bound"]
    volumes = [cluster.get("pv", one["spec"]["volumeName"]) for one in claims]
    folders = [Path(one["spec"]["hostPath"]["path"]) for one in volumes]
    assert [(folder / "x").exists() for folder in folders] == [True, False]
    cluster.kubectl("delete", "pvc", "data-web-0", "--wait=false", *here)
    held = cluster.get("pvc", "data-web-0", *here)
    assert held["metadata"]["deletionTimestamp"], "a claim that a pod uses stays until the pod has gone"
    cluster.kubectl("delete", "sts", "web", *here)
    cluster.kubectl("delete", "pvc", "--all", *here)
    cluster.wait(lambda: not any(folder.exists() for folder in folders), "the directories to go")
    assert all(cluster.run("get", "pv", one["metadata"]["name"]).returncode for one in volumes)


def test_a_claim_gets_the_volume_that_fits(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    here = ("-n", namespace)
    base = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    volume = {"capacity": {"storage": "1Gi"}, "hostPath": {"path": str(tmp_path)}, **base}
    claim = {"resources": {"requests": {"storage": "100Mi"}}, **base}
    pod = template("reader", command=["sleep", "60"], volumeMounts=[{"name": "v", "mountPath": "/v"}])
    pod["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "mine"}}]
    (tmp_path / "hello").write_text("from the machine\n")
    create(
        cluster, namespace,
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": namespace}, "spec": volume},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "mine"}, "spec": claim},
        {"apiVersion": "v1", "kind": "Pod", **pod, "metadata": {"name": "reader"}},
    )  # fmt: skip
    cluster.kubectl("wait", "--for=jsonpath={.status.phase}=Bound", "pvc/mine", "--timeout=20s", *here)
    cluster.kubectl("wait", "--for=condition=ready", "pod/reader", "--timeout=20s", *here)
    assert cluster.kubectl("exec", "reader", *here, "--", "cat", "/v/hello") == "from the machine\n"
    row = cluster.kubectl("get", "pv", namespace, "--no-headers").split()
    assert row[1:6] == ["1Gi", "RWO", "Retain", "Bound", f"{namespace}/mine"]
    cluster.kubectl("delete", "pod", "reader", "--now", *here)
    cluster.kubectl("delete", "pvc", "mine", *here)
    cluster.wait(lambda: cluster.get("pv", namespace)["status"]["phase"] == "Released", "the volume to be let go")
    cluster.kubectl("delete", "pv", namespace)


def test_an_eviction_asks_the_budget(cluster: Cluster, namespace: str) -> None:
    here = ("-n", namespace)
    deployment = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template("web")}
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    create(
        cluster, namespace,
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": deployment},
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": budget},
    )  # fmt: skip
    pods = [pod["metadata"]["name"] for pod in cluster.ready_pods(namespace, "app=web", 2)]
    cluster.wait(lambda: cluster.get("pdb", "web", *here)["status"]["disruptionsAllowed"] == 1, "one that may go")
    cluster.kubectl("scale", "deploy/web", "--replicas=3", *here)
    cluster.kubectl("patch", "pdb", "web", "-p", '{"spec":{"maxUnavailable":0}}', "--type=merge", *here)
    cluster.wait(lambda: cluster.get("pdb", "web", *here)["status"]["disruptionsAllowed"] == 0, "none that may go")
    refused = _evict(cluster, namespace, pods[0])
    assert refused.returncode == 1
    assert "Cannot evict pod as it would violate the pod's disruption budget." in refused.stderr
    cluster.kubectl("patch", "pdb", "web", "-p", '{"spec":{"maxUnavailable":2}}', "--type=merge", *here)
    cluster.wait(lambda: cluster.get("pdb", "web", *here)["status"]["disruptionsAllowed"] > 0, "some that may go")
    allowed = _evict(cluster, namespace, pods[0])
    assert json.loads(allowed.stdout)["status"] == "Success"
    cluster.wait(lambda: not _uid(cluster, pods[0], here), "the evicted pod to go")


def _evict(cluster: Cluster, namespace: str, name: str) -> Any:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    return cluster.run("create", "--raw", path, "-f", "-", text=json.dumps(body))
