"""The node agent decides and reports: real API in this process, containers that only pretend."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from component.node_world import KUBIA, World, container_status, is_ready, node_world, pod
from fairway.kinds import CONFIG_MAP, LEASE, NODE, POD, SERVICE
from fairway.node import starting
from fairway.node.probes import prober
from fairway.node.runtimes.interface import Image, RuntimeFailure
from fairway.objects import Object
from fairway.objects.conditions import is_true


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with node_world(tmp_path) as made:
        yield made


async def test_a_bound_pod_runs_and_becomes_ready(world: World) -> None:
    await world.create(pod())
    found = await world.until(is_ready)
    status = found["status"]
    assert status["phase"] == "Running"
    assert [(c["type"], c["status"]) for c in status["conditions"]] == [
        ("PodReadyToStartContainers", "True"),
        ("Initialized", "True"),
        ("Ready", "True"),
        ("ContainersReady", "True"),
        ("PodScheduled", "True"),
    ]
    assert status["podIP"] == "127.0.0.1"
    assert status["hostIPs"] == [{"ip": "127.0.0.1"}]
    assert status["qosClass"] == "BestEffort"
    [container] = status["containerStatuses"]
    uid = found["metadata"]["uid"]
    assert container["containerID"] == f"crun://{uid}-kubia-0"
    assert (container["image"], container["imageID"]) == ("docker.io/luksa/kubia:latest", KUBIA.id)
    assert (container["ready"], container["started"], container["restartCount"]) == (True, True, 0)
    assert list(container["state"]) == ["running"]


async def test_the_events_of_a_start_are_those_of_kubernetes(world: World) -> None:
    await world.create(pod())
    await world.until(is_ready)
    assert await world.until_events(("Started", "Container started")) == [
        ("Pulled", 'Container image "luksa/kubia" already present on machine and can be accessed by the pod'),
        ("Created", "Container created"),
        ("Started", "Container started"),
    ]


async def test_a_deleted_pod_is_asked_to_stop_and_then_goes(world: World) -> None:
    await world.create(pod())
    await world.until(is_ready)
    await world.client.delete(POD, "default", "web")
    await world.until_gone()
    assert world.runtime.signals == [("kubia", 15)]
    assert await world.runtime.sandboxes() == []
    await world.until_true(lambda: not world.agent.workers)


async def test_a_container_that_does_not_listen_is_killed_after_the_grace_period(world: World) -> None:
    world.runtime.deaf.add("kubia")
    await world.create(pod(terminationGracePeriodSeconds=1))
    await world.until(is_ready)
    await world.client.delete(POD, "default", "web")
    await world.until_gone()
    assert world.runtime.signals == [("kubia", 15), ("kubia", 9)]


async def test_the_final_status_says_how_the_containers_ended(world: World) -> None:
    await world.create(pod())
    await world.until(is_ready)
    _, revision = await world.client.list(POD)
    await world.client.delete(POD, "default", "web")
    await world.until_gone()
    last: Object = {}
    async for event in world.client.watch(POD, "default", revision=revision):
        if event.type == "DELETED":
            break
        last = event.object
    assert last["status"]["phase"] == "Failed"
    assert container_status(last)["state"]["terminated"]["exitCode"] == 143


async def test_a_crashed_container_restarts_at_once_and_then_backs_off(world: World) -> None:
    made = await world.create(pod())
    await world.until(is_ready)
    world.runtime.exit(made["metadata"]["uid"], "kubia", 1)
    again = await world.until(lambda found: container_status(found).get("restartCount") == 1 and is_ready(found))
    assert container_status(again)["lastState"]["terminated"]["reason"] == "Error"
    world.runtime.exit(made["metadata"]["uid"], "kubia", 1)
    waiting = await world.until(lambda found: "waiting" in container_status(found)["state"])
    uid = made["metadata"]["uid"]
    assert container_status(waiting)["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=kubia pod=web_default({uid})",
    }
    assert waiting["status"]["phase"] == "Running"
    assert not is_ready(waiting)


@pytest.mark.parametrize(("code", "phase"), [(0, "Succeeded"), (3, "Failed")])
async def test_a_pod_that_never_restarts_ends_with_its_containers(world: World, code: int, phase: str) -> None:
    made = await world.create(pod(restartPolicy="Never"))
    await world.until(is_ready)
    world.runtime.exit(made["metadata"]["uid"], "kubia", code)
    ended = await world.until(lambda found: found["status"]["phase"] != "Running")
    assert ended["status"]["phase"] == phase
    assert container_status(ended)["state"]["terminated"]["exitCode"] == code


async def test_a_missing_image_is_pulled_for_and_then_waited_for(world: World) -> None:
    await world.create(pod(containers=[{"name": "kubia", "image": "nowhere/none:1"}]))
    first = await world.until(lambda found: container_status(found)["state"].get("waiting", {}).get("message"))
    assert container_status(first)["state"]["waiting"] == {
        "reason": "ErrImagePull",
        "message": 'no registry has "nowhere/none:1"',
    }
    later = await world.until(lambda found: container_status(found)["state"]["waiting"]["reason"] == "ImagePullBackOff")
    assert later["status"]["phase"] == "Pending"
    await world.until_events(("Failed", 'Failed to pull image "nowhere/none:1": no registry has "nowhere/none:1"'))


async def test_an_image_that_may_not_be_pulled_is_named(world: World) -> None:
    await world.create(pod(containers=[{"name": "kubia", "image": "x:1", "imagePullPolicy": "Never"}]))
    found = await world.until(lambda found: container_status(found)["state"].get("waiting", {}).get("message"))
    assert container_status(found)["state"]["waiting"]["reason"] == "ErrImageNeverPull"


async def test_an_image_is_pulled_when_it_is_missing(world: World) -> None:
    world.images.remote["far/away:1"] = Image("sha256:" + "c" * 64, ("far/away:1",), (), 10)
    await world.create(pod(containers=[{"name": "kubia", "image": "far/away:1"}]))
    await world.until(is_ready)
    assert world.images.pulls == ["far/away:1"]


async def test_init_containers_run_one_after_the_other(world: World) -> None:
    init = [{"name": name, "image": "busybox:1.36"} for name in ("one", "two")]
    made = await world.create(pod(initContainers=init))
    uid = made["metadata"]["uid"]
    for name in ("one", "two"):
        await world.until_true(lambda name=name: (uid, name) in world.runtime.running())
        assert world.runtime.running() == [(uid, name)]
        found = await world.until(lambda found, name=name: "running" in container_status(found, name)["state"])
        assert found["status"]["phase"] == "Pending"
        assert container_status(found)["state"] == {"waiting": {"reason": "PodInitializing"}}
        world.runtime.exit(uid, name, 0)
    found = await world.until(is_ready)
    assert [s["state"]["terminated"]["reason"] for s in found["status"]["initContainerStatuses"]] == ["Completed"] * 2


async def test_a_sidecar_starts_first_and_stops_last(world: World) -> None:
    sidecar = {"name": "proxy", "image": "busybox:1.36", "restartPolicy": "Always"}
    made = await world.create(pod(initContainers=[sidecar]))
    await world.until(is_ready)
    uid = made["metadata"]["uid"]
    assert world.runtime.running() == [(uid, "proxy"), (uid, "kubia")]
    await world.client.delete(POD, "default", "web")
    await world.until_gone()
    assert world.runtime.signals == [("kubia", 15), ("proxy", 15)]


async def test_a_sidecar_does_not_keep_a_finished_pod_alive(world: World) -> None:
    sidecar = {"name": "proxy", "image": "busybox:1.36", "restartPolicy": "Always"}
    made = await world.create(pod(initContainers=[sidecar], restartPolicy="Never"))
    await world.until(is_ready)
    world.runtime.exit(made["metadata"]["uid"], "kubia", 0)
    await world.until(lambda found: found["status"]["phase"] == "Succeeded")
    assert world.runtime.running() == []


async def test_a_missing_config_map_is_waited_for_and_its_arrival_starts_the_container(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "FIRST_RETRY_S", 3600.0)  # so that nothing but its arrival can start it
    monkeypatch.setattr(starting, "MAX_RETRY_S", 3600.0)
    env = [{"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "paint", "key": "colour"}}}]
    made = await world.create(pod(containers=[{"name": "kubia", "image": "busybox:1.36", "env": env}]))
    found = await world.until(lambda found: container_status(found)["state"].get("waiting", {}).get("message"))
    assert container_status(found)["state"]["waiting"] == {
        "reason": "CreateContainerConfigError",
        "message": 'configmap "paint" not found',
    }
    meta = {"name": "paint", "namespace": "default"}
    await world.client.create(CONFIG_MAP, {"kind": "ConfigMap", "metadata": meta, "data": {"colour": "blue"}})
    await world.until(is_ready)
    assert world.runtime.specs[made["metadata"]["uid"], "kubia", 0].env["COLOUR"] == "blue"


async def test_a_volume_follows_its_config_map(world: World) -> None:
    meta = {"name": "paint", "namespace": "default"}
    made = await world.client.create(CONFIG_MAP, {"kind": "ConfigMap", "metadata": meta, "data": {"colour": "blue"}})
    mounts = [{"name": "paint", "mountPath": "/paint"}]
    volumes = [{"name": "paint", "configMap": {"name": "paint"}}]
    created = await world.create(
        pod(containers=[{"name": "kubia", "image": "busybox:1.36", "volumeMounts": mounts}], volumes=volumes)
    )
    await world.until(is_ready)
    spec = world.runtime.specs[created["metadata"]["uid"], "kubia", 0]
    place = next(Path(mount.source) for mount in spec.mounts if mount.target == "/paint")
    assert (place / "colour").read_text() == "blue"
    await world.client.update(CONFIG_MAP, {**made, "data": {"colour": "red"}})
    await world.until_true(lambda: (place / "colour").read_text() == "red")


async def test_a_missing_volume_source_holds_up_the_pod_and_is_told(world: World) -> None:
    await world.create(pod(volumes=[{"name": "paint", "configMap": {"name": "ghost"}}]))
    found = await world.until(lambda found: found["status"].get("containerStatuses"))
    assert container_status(found)["state"] == {"waiting": {"reason": "ContainerCreating"}}
    text = 'MountVolume.SetUp failed for volume "paint" : configmap "ghost" not found'
    await world.until_events(("FailedMount", text))


async def create_service(world: World, new: Object) -> None:
    """And have the agent know it."""
    await world.client.create(SERVICE, new)
    await world.until_true(lambda: world.agent.shared and world.agent.shared.services_of(pod()))


async def test_containers_learn_of_services_by_their_environment(world: World) -> None:
    service = {
        "kind": "Service", "metadata": {"name": "redis-primary", "namespace": "default"},
        "spec": {"clusterIP": "10.96.0.11", "ports": [{"port": 6379}]},
    }  # fmt: skip
    await create_service(world, service)
    made = await world.create(pod())
    await world.until(is_ready)
    env = world.runtime.specs[made["metadata"]["uid"], "kubia", 0].env
    assert env["REDIS_PRIMARY_SERVICE_HOST"] == "10.96.0.11"
    assert env["REDIS_PRIMARY_PORT_6379_TCP"] == "tcp://10.96.0.11:6379"


def called_by_service() -> Object:
    called = pod()
    called["metadata"]["labels"] = {"app": "kubia"}
    return called


async def kubia_service(world: World) -> None:
    spec = {"selector": {"app": "kubia"}, "ports": [{"port": 80, "targetPort": 8080}]}
    await create_service(
        world, {"kind": "Service", "metadata": {"name": "kubia", "namespace": "default"}, "spec": spec}
    )


async def test_a_pod_behind_a_service_is_ready_once_it_listens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober, "LIMIT_S", 3600.0)
    await kubia_service(world)
    await world.create(called_by_service())
    found = await world.until(lambda found: "running" in container_status(found).get("state", {}))
    assert not is_ready(found)
    world.runtime.listeners.add(8080)
    await world.until(is_ready)


async def test_a_pod_that_listens_to_nothing_is_ready_all_the_same(world: World) -> None:
    await kubia_service(world)
    await world.create(called_by_service())
    await world.until(is_ready)


async def test_a_restart_of_the_agent_restarts_nothing_and_writes_nothing(world: World) -> None:
    await world.create(pod())
    before = await world.until(is_ready)
    await world.restart_agent()
    await asyncio.wait_for(world.agent.ready.wait(), 30)
    await asyncio.sleep(0.1)
    assert (await world.get())["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert [what for method, what in world.runtime.calls if method == "start"] == ["kubia/0"]


async def test_what_ended_while_the_agent_was_away_is_started_again(world: World) -> None:
    made = await world.create(pod())
    await world.until(is_ready)
    await world.stop_agent()
    world.runtime.exit(made["metadata"]["uid"], "kubia", 1)
    world.start_agent()
    found = await world.until(lambda found: container_status(found)["restartCount"] == 1 and is_ready(found))
    assert container_status(found)["lastState"]["terminated"]["exitCode"] == 1


async def test_a_pod_deleted_while_the_agent_was_away_is_stopped(world: World) -> None:
    await world.create(pod())
    await world.until(is_ready)
    await world.stop_agent()
    await world.client.delete(POD, "default", "web", options={"gracePeriodSeconds": 0})
    world.start_agent()
    await world.until_true(lambda: world.agent.ready.is_set() and not world.agent.workers)
    assert await world.runtime.sandboxes() == []
    assert world.runtime.signals == [("kubia", 15)]


async def test_a_pod_that_nobody_knows_any_more_gets_a_second_and_no_more(world: World) -> None:
    world.runtime.deaf.add("kubia")
    await world.create(pod(terminationGracePeriodSeconds=600))
    await world.until(is_ready)
    await world.stop_agent()
    await world.client.delete(POD, "default", "web", options={"gracePeriodSeconds": 0})
    world.start_agent()
    await world.until_true(lambda: world.agent.ready.is_set() and not world.agent.workers)
    assert world.runtime.signals == [("kubia", 15), ("kubia", 9)]


async def test_a_reboot_of_the_machine_starts_everything_again(world: World) -> None:
    await world.create(pod())
    await world.until(is_ready)
    await world.stop_agent()
    world.runtime.reboot()
    world.start_agent()
    found = await world.until(lambda found: container_status(found)["restartCount"] == 1 and is_ready(found))
    assert container_status(found)["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"


async def test_a_container_that_cannot_be_run_backs_off(world: World) -> None:
    failures = [RuntimeFailure("RunContainerError", 'exec: "nope": executable file not found in $PATH')] * 2
    world.runtime.refusals["start"] = failures
    await world.create(pod())
    found = await world.until(
        lambda found: container_status(found)["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
    )
    ended = container_status(found)["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")


async def test_the_pod_is_ended_at_its_deadline(world: World) -> None:
    await world.create(pod())
    await world.until(is_ready)
    await world.client.patch(POD, "default", "web", {"spec": {"activeDeadlineSeconds": 1}})
    found = await world.until(lambda found: found["status"]["phase"] == "Failed")
    assert found["status"]["reason"] == "DeadlineExceeded"
    assert found["status"]["message"] == "Pod was active on the node longer than the specified deadline"
    await world.until_true(lambda: not world.runtime.running())


async def test_readiness_follows_the_probe(world: World) -> None:
    answers = [1]
    world.runtime.command = lambda command: (answers[0], b"", b"not yet")
    probe = {"exec": {"command": ["check"]}, "periodSeconds": 1}
    await world.create(pod(containers=[{"name": "kubia", "image": "busybox:1.36", "readinessProbe": probe}]))
    running = await world.until(lambda found: "running" in container_status(found)["state"])
    assert not is_ready(running)
    answers[0] = 0
    await world.until(is_ready)


async def test_a_failed_liveness_probe_restarts_the_container(world: World) -> None:
    answers = [0]
    world.runtime.command = lambda command: (answers[0], b"dead", b"")
    probe = {"exec": {"command": ["check"]}, "periodSeconds": 1, "failureThreshold": 1}
    await world.create(pod(containers=[{"name": "kubia", "image": "busybox:1.36", "livenessProbe": probe}]))
    await world.until(is_ready)
    answers[0] = 1
    await world.until(lambda found: container_status(found)["restartCount"] == 1)
    await world.until_events(
        ("Unhealthy", "Liveness probe failed: dead"),
        ("Killing", "Container kubia failed liveness probe, will be restarted"),
    )


async def test_hooks_run_after_start_and_before_stop(world: World) -> None:
    lifecycle = {"postStart": {"exec": {"command": ["hello"]}}, "preStop": {"exec": {"command": ["bye"]}}}
    await world.create(pod(containers=[{"name": "kubia", "image": "busybox:1.36", "lifecycle": lifecycle}]))
    await world.until(is_ready)
    await world.client.delete(POD, "default", "web")
    await world.until_gone()
    order = [call for call in world.runtime.calls if call[0] in ("start", "exec", "signal")]
    assert order == [("start", "kubia/0"), ("exec", "hello"), ("exec", "bye"), ("signal", "kubia/15")]


async def test_the_proxies_are_waited_for_before_a_container_is_asked_to_stop(tmp_path: Path) -> None:
    confirmed = asyncio.Event()

    async def before_stop(leaving: Object) -> None:
        await confirmed.wait()

    async with node_world(tmp_path, before_stop=before_stop) as world:
        await world.create(pod())
        await world.until(is_ready)
        await world.client.delete(POD, "default", "web")
        await asyncio.sleep(0.1)
        assert world.runtime.signals == []
        confirmed.set()
        await world.until_gone()


async def test_the_node_registers_with_a_lease(world: World) -> None:
    await asyncio.wait_for(world.agent.ready.wait(), 30)
    async with asyncio.timeout(30):
        async for event in world.client.watch(NODE, revision="1"):
            if event.object.get("status", {}).get("conditions"):
                break
        async for _ in world.client.watch(LEASE, revision="1"):
            break
    node = await world.client.get(NODE, None, "n1")
    assert node["spec"]["podCIDR"] == "10.244.0.0/24"
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "n1"
    ready = next(c for c in node["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "KubeletReady")
    assert node["status"]["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 10250}}
    lease = await world.client.get(LEASE, "kube-node-lease", "n1")
    assert lease["spec"]["holderIdentity"] == "n1"


async def test_a_node_that_was_called_lost_says_at_once_that_it_is_there(world: World) -> None:
    await asyncio.wait_for(world.agent.ready.wait(), 30)
    lost = [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "message": "it stopped posting"}]
    said: list[str] = []
    async with asyncio.timeout(30):
        async for event in world.client.watch(NODE, revision="1"):
            conditions = event.object.get("status", {}).get("conditions") or ()
            ready = next((each["status"] for each in conditions if each["type"] == "Ready"), "")
            if ready == "True" and "Unknown" in said:
                break
            if ready == "True" and "True" not in said:
                await world.client.patch(NODE, None, "n1", {"status": {"conditions": lost}}, subresource="status")
            said.append(ready)


async def test_a_node_that_was_deleted_registers_again_and_its_pods_go_on(world: World) -> None:
    await world.create(pod())
    await world.until(is_ready)
    first = await world.client.get(NODE, None, "n1")
    await world.client.delete(NODE, None, "n1")
    async with asyncio.timeout(30):
        async for event in world.client.watch(NODE, revision="1"):
            if event.object["metadata"]["uid"] != first["metadata"]["uid"] and is_true(event.object, "Ready"):
                break
    assert is_ready(await world.get())


async def test_an_image_s_own_stop_signal_is_used(world: World) -> None:
    world.images.local["quit:1"] = Image("sha256:" + "d" * 64, ("quit:1",), (), 1, stop_signal="SIGQUIT")
    await world.create(pod(containers=[{"name": "kubia", "image": "quit:1"}]))
    await world.until(is_ready)
    await world.client.delete(POD, "default", "web")
    await world.until_gone()
    assert world.runtime.signals == [("kubia", 3)]


async def test_a_pod_whose_host_port_is_taken_here_is_refused(world: World) -> None:
    """It names its node itself and has not met the scheduler."""

    def publishing(name: str) -> Object:
        ports = [{"containerPort": 80, "hostPort": 8000}]
        return pod(name, [{"name": "c", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent", "ports": ports}])

    await world.create(publishing("first"))
    await world.until(is_ready, "first")
    await world.create(publishing("second"))
    refused = await world.until(lambda found: found["status"]["phase"] == "Failed", "second")
    text = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
    assert (refused["status"]["reason"], refused["status"]["message"]) == ("NodePorts", f"Pod was rejected: {text}")
    await world.until_events(("NodePorts", text))
    await world.restart_agent()
    await world.client.delete(POD, "default", "first")
    await world.until_gone("first")
    await world.create(publishing("third"))
    await world.until(is_ready, "third")
    assert (await world.get("second"))["status"]["phase"] == "Failed"


async def test_an_ephemeral_container_runs_once_whatever_the_pods_policy(world: World) -> None:
    await world.create(pod())
    await world.until(is_ready)
    ephemeral = {"name": "debug", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent"}
    patch = {"spec": {"ephemeralContainers": [{**ephemeral, "targetContainerName": "kubia"}]}}
    await world.client.patch(POD, "default", "web", patch, subresource="ephemeralcontainers")

    def state(found: Object) -> Object:
        statuses = found["status"].get("ephemeralContainerStatuses") or [{}]
        return statuses[0].get("state") or {}

    found = await world.until(lambda found: "running" in state(found))
    uid = found["metadata"]["uid"]
    assert is_ready(found)
    assert found["status"]["ephemeralContainerStatuses"][0]["ready"] is False
    await world.restart_agent()
    world.runtime.exit(uid, "debug", 3)
    found = await world.until(lambda found: "terminated" in state(found))
    assert state(found)["terminated"]["exitCode"] == 3
    assert (is_ready(found), found["status"]["phase"]) == (True, "Running")
    assert world.runtime.signals == []
    await world.client.delete(POD, "default", "web")
    await world.until_gone()


async def test_a_pod_whose_volume_outgrows_its_limit_is_evicted(world: World) -> None:
    world.settings = replace(world.settings, volume_check_s=0.02)
    await world.restart_agent()
    volumes = [{"name": "d", "emptyDir": {"sizeLimit": "64Ki"}}]
    made = await world.create(pod(volumes=volumes))
    await world.until(is_ready)
    place = world.settings.pods_dir / made["metadata"]["uid"] / "volumes" / "d"
    await asyncio.to_thread((place / "big").write_bytes, b"x" * 100_000)
    found = await world.until(lambda found: found["status"]["phase"] == "Failed")
    why = 'Usage of EmptyDir volume "d" exceeds the limit "64Ki". '
    assert (found["status"]["reason"], found["status"]["message"]) == ("Evicted", why)
    await world.until_events(("Evicted", why))
    assert world.runtime.signals[0] == ("kubia", 15)


async def test_a_pod_whose_container_writes_more_than_its_limit_is_evicted(world: World) -> None:
    world.settings = replace(world.settings, volume_check_s=0.02)
    await world.restart_agent()
    wanted = pod()
    wanted["spec"]["containers"][0]["resources"] = {"limits": {"ephemeral-storage": "64Ki"}}
    made = await world.create(wanted)
    await world.until(is_ready)
    place = Path(world.runtime.written(made["metadata"]["uid"], "kubia")[0])
    await asyncio.to_thread(place.mkdir, parents=True)
    await asyncio.to_thread((place / "big").write_bytes, b"x" * 100_000)
    found = await world.until(lambda found: found["status"]["phase"] == "Failed")
    why = "Pod ephemeral local storage usage exceeds the total limit of containers 64Ki. "
    assert (found["status"]["reason"], found["status"]["message"]) == ("Evicted", why)


async def test_a_pod_that_has_ended_for_good_gives_its_address_back(world: World) -> None:
    made = await world.create(pod(restartPolicy="Never"))
    uid = made["metadata"]["uid"]
    running = await world.until(is_ready)
    world.runtime.exit(uid, "kubia", 0)
    await world.until(lambda found: found["status"]["phase"] == "Succeeded")
    await world.until_true(lambda: ("release_sandbox", uid) in world.runtime.calls)

    def conditions(found: Object) -> dict[str, str]:
        return {each["type"]: each["status"] for each in found["status"]["conditions"]}

    ended = await world.until(lambda found: conditions(found)["PodReadyToStartContainers"] == "False")
    assert ended["status"]["podIP"] == running["status"]["podIP"]
    await world.restart_agent()
    await world.client.delete(POD, "default", "web")
    await world.until_gone()
    assert [call for call, of in world.runtime.calls if of == uid].count("release_sandbox") == 1


async def test_an_operation_that_is_cancelled_before_it_begins_is_closed(world: World) -> None:
    made = await world.create(pod())
    await world.until(is_ready)
    begun = []

    async def operation() -> None:
        begun.append(True)

    coming = operation()
    task = world.agent.workers[made["metadata"]["uid"]].spawn(coming, "nothing")
    task.cancel()
    await asyncio.wait([task])
    assert (begun, inspect.getcoroutinestate(coming)) == ([], inspect.CORO_CLOSED)
