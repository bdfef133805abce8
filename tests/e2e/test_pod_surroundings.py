"""What a container finds around it: names, resolver, variables, volumes, neighbours; with real pods."""

import base64
import json
import shlex
from typing import Any

from .conftest import Cluster, is_ready
from .test_pods import CONTAINER, create, pod
from .test_pods import service as plain_service

SLEEP = ("sh", "-c", "trap exit TERM; sleep 1000 & wait")


def run_in(cluster: Cluster, namespace: str, name: str, script: str, container: str = "c") -> str:
    return cluster.kubectl("exec", "-n", namespace, name, "-c", container, "--", "sh", "-c", script)


def ready(cluster: Cluster, namespace: str, *names: str) -> None:
    pods = [f"pod/{name}" for name in names]
    cluster.kubectl("wait", "-n", namespace, "--for=condition=ContainersReady", *pods, "--timeout=30s")


def dns_ip(cluster: Cluster) -> str:
    address: str = cluster.get("service", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"]
    return address


def test_names_resolver_and_variables(cluster: Cluster, namespace: str) -> None:
    headless = plain_service("sub")
    headless["spec"]["clusterIP"] = "None"
    create(cluster, namespace, plain_service("foo-service"), headless)
    full = f"me.sub.{namespace}.svc.cluster.local"
    own = {"hostname": "me", "subdomain": "sub", "setHostnameAsFQDN": True}
    config = {
        "nameservers": ["192.0.2.53"],
        "searches": ["x.example.com"],
        "options": [{"name": "ndots", "value": "2"}],
    }
    aliases = [{"ip": "192.0.2.9", "hostnames": ["foo", "bar.local"]}]
    create(
        cluster, namespace, pod("named", *SLEEP, **own, hostAliases=aliases, dnsConfig=config),
        pod("bare", *SLEEP, dnsPolicy="None", dnsConfig={"nameservers": ["192.0.2.53"]}, enableServiceLinks=False),
        pod("host", *SLEEP, hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet", hostAliases=aliases),
    )  # fmt: skip
    ready(cluster, namespace, "named", "bare", "host")

    assert run_in(cluster, namespace, "named", "hostname; cat /etc/hostname").split() == [full, full]
    ip = cluster.get("pod", "named", "-n", namespace)["status"]["podIP"]
    hosts = run_in(cluster, namespace, "named", "cat /etc/hosts").splitlines()
    assert hosts[0] == "# Kubernetes-managed hosts file."
    assert f"{ip}\t{full}\tme" in hosts
    assert hosts[-2:] == ["# Entries added by HostAliases.", "192.0.2.9\tfoo\tbar.local"]
    resolver = run_in(cluster, namespace, "named", "cat /etc/resolv.conf").splitlines()
    assert resolver[0].startswith(f"search {namespace}.svc.cluster.local svc.cluster.local cluster.local ")
    assert resolver[0].endswith("x.example.com")
    assert resolver[1:] == [f"nameserver {dns_ip(cluster)}", "nameserver 192.0.2.53", "options ndots:2"]

    address = cluster.get("service", "foo-service", "-n", namespace)["spec"]["clusterIP"]
    wanted = {
        "FOO_SERVICE_SERVICE_HOST": address, "FOO_SERVICE_SERVICE_PORT": "80", "FOO_SERVICE_PORT": f"tcp://{address}:80",
        "FOO_SERVICE_PORT_80_TCP": f"tcp://{address}:80", "FOO_SERVICE_PORT_80_TCP_PROTO": "tcp",
        "FOO_SERVICE_PORT_80_TCP_PORT": "80", "FOO_SERVICE_PORT_80_TCP_ADDR": address,
    }  # fmt: skip
    assert {f"{name}={value}" for name, value in wanted.items()} <= set(
        run_in(cluster, namespace, "named", "env").splitlines()
    )
    variables = run_in(cluster, namespace, "bare", "env")
    assert "FOO_SERVICE" not in variables
    assert "KUBERNETES_SERVICE_HOST=" in variables
    assert run_in(cluster, namespace, "bare", "cat /etc/resolv.conf") == "nameserver 192.0.2.53\n"

    hosts = run_in(cluster, namespace, "host", "cat /etc/hosts").splitlines()
    assert (hosts[0], hosts[-1]) == ("# Kubernetes-managed hosts file (host network).", "192.0.2.9\tfoo\tbar.local")
    assert f"nameserver {dns_ip(cluster)}" in run_in(cluster, namespace, "host", "cat /etc/resolv.conf")
    status = cluster.get("pod", "host", "-n", namespace)["status"]
    assert status["podIPs"] == status["hostIPs"]


def test_volumes(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("create", "configmap", "cm", "-n", namespace, "--from-literal=a=A", "--from-literal=b=B")
    cluster.kubectl("create", "secret", "generic", "sec", "-n", namespace, "--from-literal=u=user")
    token = {"path": "token", "expirationSeconds": 600, "audience": "vault"}
    sources = [
        {"configMap": {"name": "cm"}}, {"secret": {"name": "sec", "items": [{"key": "u", "path": "d/user"}]}},
        {"serviceAccountToken": token},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
    ]  # fmt: skip
    volumes: list[dict[str, Any]] = [
        {"name": "mem", "emptyDir": {"medium": "Memory", "sizeLimit": "4Mi"}},
        {"name": "cm", "configMap": {"name": "cm", "defaultMode": 0o400, "items": [
            {"key": "a", "path": "sub/a.txt", "mode": 0o777}, {"key": "b", "path": "b"}]}},
        {"name": "none", "configMap": {"name": "none", "optional": True}},
        {"name": "all", "projected": {"sources": sources, "defaultMode": 0o440}},
    ]  # fmt: skip
    mounts = [{"name": volume["name"], "mountPath": f"/{volume['name']}"} for volume in volumes]
    side = {
        **CONTAINER,
        "name": "side",
        "command": list(SLEEP),
        "volumeMounts": [{"name": "mem", "mountPath": "/other"}],
    }
    new = pod("p", *SLEEP, container={"volumeMounts": mounts}, volumes=volumes)
    new["spec"]["containers"].append(side)
    create(cluster, namespace, new)
    ready(cluster, namespace, "p")

    def run(script: str, container: str = "c") -> str:
        return run_in(cluster, namespace, "p", script, container)

    assert run("stat -Lc %a /mem /cm/sub/a.txt /cm/b /all/a /all/d/user").split() == ["777", "777", "400", "440", "440"]
    assert run("cat /cm/sub/a.txt /cm/b /all/a /all/d/user /all/labels; ls /none") == 'ABAuserapp="p"'
    assert run("echo hello >/mem/note; df -k /mem | tail -1").split()[1] == "4096"
    assert run("cat /other/note", "side") == "hello\n"
    payload = run("cat /all/token").split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["aud"] == ["vault"]
    assert claims["kubernetes.io"]["pod"]["name"] == "p"

    cluster.kubectl("patch", "configmap", "cm", "-n", namespace, "-p", '{"data":{"a":"Z"}}')
    cluster.kubectl("label", "pod", "p", "-n", namespace, "more=yes")
    script = "cat /cm/sub/a.txt /all/a /all/labels"
    cluster.wait(lambda: run(script) == 'ZZapp="p"\nmore="yes"', "the volumes follow")


def test_what_a_pod_shares(cluster: Cluster, namespace: str) -> None:
    two = [{**CONTAINER, "name": name, "command": ["sleep", f"10{index}"]} for index, name in enumerate(("c", "d"))]
    shared = pod("shared", shareProcessNamespace=True, readinessGates=[{"conditionType": "example.com/gate"}])
    shared["spec"]["containers"] = two
    create(cluster, namespace, shared, pod("machine", *SLEEP, hostPID=True, hostIPC=True))
    ready(cluster, namespace, "shared", "machine")

    seen = run_in(cluster, namespace, "shared", "ps -o args")
    assert {"sleep infinity", "sleep 100", "sleep 101"} <= set(seen.splitlines())
    supervisor = f"--name {shlex.quote(cluster.name)} "
    assert supervisor in run_in(cluster, namespace, "machine", "ps -o args")
    assert supervisor not in seen

    def is_open() -> bool:
        return is_ready(cluster.get("pod", "shared", "-n", namespace))

    assert not is_open()
    gate = '{"status":{"conditions":[{"type":"example.com/gate","status":"True"}]}}'
    cluster.kubectl("patch", "pod", "shared", "-n", namespace, "--subresource=status", "-p", gate)
    cluster.wait(is_open, "the pod is ready once its gate is open")


def test_kubectl_debug_looks_into_a_running_container(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, pod("web"))
    ready(cluster, namespace, "web")
    look = ("sh", "-c", "ps -o args; hostname")
    cluster.kubectl(
        "debug", "web", "-n", namespace, "--image=luksa/kubia", "--image-pull-policy=IfNotPresent", "--target=c",
        "-c", "look", "--", *look,
    )  # fmt: skip

    def told() -> str:
        statuses = cluster.get("pod", "web", "-n", namespace)["status"].get("ephemeralContainerStatuses") or [{}]
        has_ended = "terminated" in (statuses[0].get("state") or {})
        return cluster.kubectl("logs", "web", "-c", "look", "-n", namespace) if has_ended else ""

    lines = cluster.wait(told, "the ephemeral container's end").splitlines()
    assert "/usr/bin/python3 -I -S /app/kubia.pyc" in lines
    assert lines[-1] == "web"
    assert is_ready(cluster.get("pod", "web", "-n", namespace))


def test_hooks_run_and_last_words_are_kept(cluster: Cluster, namespace: str) -> None:
    message = {"terminationMessagePath": "/tmp/message"}
    lifecycle = {
        "postStart": {"exec": {"command": ["sh", "-c", "echo started >/tmp/hook"]}},
        "preStop": {"exec": {"command": ["sh", "-c", "cp /tmp/hook /tmp/message; echo stopped >>/tmp/message"]}},
    }
    wait = ("sh", "-c", "trap 'exit 3' TERM; sleep 1000 & wait")
    last = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    create(
        cluster, namespace, pod("hooked", *wait, container={**message, "lifecycle": lifecycle}),
        pod("failed", "sh", "-c", "echo last words; exit 1", container=last, restartPolicy="Never"),
    )  # fmt: skip
    ready(cluster, namespace, "hooked")

    def ended(name: str) -> dict[str, Any]:
        [status] = cluster.get("pod", name, "-n", namespace)["status"]["containerStatuses"]
        found: dict[str, Any] = status["state"].get("terminated") or {}
        return found

    assert cluster.wait(lambda: ended("failed"), "its end")["message"] == "last words\n"
    # A finalizer keeps the object, so that its last status can be read.
    keep = '{"metadata":{"finalizers":["example.com/keep"]}}'
    cluster.kubectl("patch", "pod", "hooked", "-n", namespace, "-p", keep)
    cluster.kubectl("delete", "pod", "hooked", "-n", namespace, "--wait=false")
    told = cluster.wait(lambda: ended("hooked"), "its end")
    assert (told["exitCode"], told["message"]) == (3, "started\nstopped\n")
    cluster.kubectl("patch", "pod", "hooked", "-n", namespace, "-p", '{"metadata":{"finalizers":null}}')
