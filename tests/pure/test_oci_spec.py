"""What the OCI runtime is told of a container."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.runtimes.crun import spec as oci
from fairway.node.runtimes.crun.users import Identity, UnknownUser, identity
from fairway.node.runtimes.interface import ContainerSpec, Mount

IMAGE: dict[str, Any] = {"Entrypoint": ["/ep"], "Cmd": ["c1", "c2"], "Env": ["A=1", "PATH=/p"], "WorkingDir": "/w"}
GIB = 1 << 30


def container(**fields: Any) -> ContainerSpec:
    return ContainerSpec("u", "c", 0, "sha256:x", **fields)


def surroundings(**fields: Any) -> oci.Surroundings:
    known: dict[str, Any] = {
        "rootfs": "/r", "joined": {"network": "/n"}, "hostname": "web-1", "cgroup": "/fairway/a/podu/id",
        "identity": Identity(), "pids_limit": 100, "memory_of_machine": 10 * GIB, "files_limit": 1024,
        "cgroup_version": 2, "sysctls": {},
    }  # fmt: skip
    return oci.Surroundings(**(known | fields))


@pytest.mark.parametrize(
    ("command", "args", "executed"),
    [
        ((), (), ["/ep", "c1", "c2"]),
        ((), ("a",), ["/ep", "a"]),
        (("/x",), (), ["/x"]),
        (("/x",), ("a",), ["/x", "a"]),
    ],
)
def test_command_and_args_override_entrypoint_and_cmd(
    command: tuple[str, ...], args: tuple[str, ...], executed: list[str]
) -> None:
    assert oci.arguments(container(command=command, args=args), IMAGE) == executed


def test_a_container_without_any_command_is_refused() -> None:
    with pytest.raises(oci.UnusableSpec, match="no command specified"):
        oci.arguments(container(), {})


def test_the_container_s_variables_win_over_the_image_s() -> None:
    found = oci.environment(container(env={"A": "2", "B": "x=y"}), IMAGE, "web-1")
    assert found == ["PATH=/p", "HOSTNAME=web-1", "A=2", "B=x=y"]


def test_a_path_and_a_terminal_type_are_there_where_nobody_gave_them() -> None:
    found = oci.environment(container(tty=True), {}, "h")
    assert found == [f"PATH={oci.DEFAULT_PATH}", "HOSTNAME=h", "TERM=xterm"]


def test_capabilities_are_dropped_and_added() -> None:
    found = oci.capabilities(container(capabilities_drop=["ALL"], capabilities_add=["NET_BIND_SERVICE"]))
    assert found == ["CAP_NET_BIND_SERVICE"]
    assert "CAP_KILL" not in oci.capabilities(container(capabilities_drop=["KILL"]))
    assert "CAP_NET_ADMIN" in oci.capabilities(container(capabilities_add=["cap_net_admin"]))
    assert oci.capabilities(container(capabilities_add=["ALL"])) == sorted(oci.ALL_CAPABILITIES)
    assert oci.capabilities(container(privileged=True)) == sorted(oci.ALL_CAPABILITIES)


def test_an_unknown_capability_is_refused() -> None:
    with pytest.raises(oci.UnusableSpec, match="unknown capability 'CAP_FLY'"):
        oci.capabilities(container(capabilities_add=["FLY"]))


@pytest.mark.parametrize(
    ("fields", "score"),
    [
        ({}, 1000),
        ({"cpu_shares": 2}, 1000),
        ({"cpu_shares": 100}, 999),
        ({"memory_bytes": GIB}, 900),
        ({"memory_bytes": 10 * GIB}, 3),
    ],
)
def test_who_was_promised_more_is_killed_later(fields: dict[str, int], score: int) -> None:
    assert oci.oom_score(container(**fields), 10 * GIB) == score


def test_limits_stand_in_the_control_group() -> None:
    found = oci.resources(container(memory_bytes=64, cpu_shares=1, cpu_quota_us=50_000), 100)
    assert found == {
        "devices": [{"allow": False, "access": "rwm"}],
        "pids": {"limit": 100},
        "memory": {"limit": 64, "swap": 64},
        "cpu": {"shares": 2, "quota": 50_000, "period": 100_000},
    }


def test_an_outer_mount_comes_before_what_lies_in_it() -> None:
    mounts = [Mount("/s1", "/data/in/deep"), Mount("/s2", "/data", read_only=True), Mount("/s3", "/etc/hosts")]
    own = oci.mounts(container(mounts=mounts))[-3:]
    assert [(mount["destination"], mount["options"][-1]) for mount in own] == [
        ("/data", "ro"), ("/etc/hosts", "rw"), ("/data/in/deep", "rw"),
    ]  # fmt: skip


def test_a_container_has_its_own_of_all_but_the_pod_s_network() -> None:
    assert oci.namespaces(surroundings(cgroup_version=1)) == [
        {"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network", "path": "/n"},
    ]  # fmt: skip
    assert {"type": "cgroup"} in oci.namespaces(surroundings())
    ours = oci.namespaces(surroundings(joined={"network": "", "pid": "/p", "ipc": ""}, cgroup_version=1))
    assert ours == [{"type": "pid", "path": "/p"}, {"type": "uts"}, {"type": "mount"}]


def test_memory_may_be_shared() -> None:
    [own] = [each for each in oci.mounts(container()) if each["destination"] == "/dev/shm"]
    [shared] = [each for each in oci.mounts(container(), "/s") if each["destination"] == "/dev/shm"]
    assert (own["type"], shared["type"], shared["source"]) == ("tmpfs", "bind", "/s")


def test_the_whole_says_what_the_parts_say() -> None:
    config = oci.runtime_config(
        container(read_only_root=True), IMAGE, surroundings(sysctls={"net.core.somaxconn": "1", "kernel.shmmax": "2"})
    )
    assert config["root"] == {"path": "/r", "readonly": True}
    assert config["hostname"] == "web-1"
    assert config["process"]["cwd"] == "/w"
    assert config["linux"]["cgroupsPath"] == "/fairway/a/podu/id"
    assert config["linux"]["sysctl"] == {"kernel.shmmax": "2"}
    assert "/proc/kcore" in config["linux"]["maskedPaths"]


def test_a_privileged_container_sees_the_machine_s_devices_and_nothing_is_hidden() -> None:
    config = oci.runtime_config(
        container(privileged=True), IMAGE, surroundings(devices=[oci.Device("/dev/fuse", "c", 10, 229, 0o666)])
    )
    assert config["linux"]["devices"][0]["path"] == "/dev/fuse"
    assert "maskedPaths" not in config["linux"]


def test_the_pod_s_groups_join_those_of_the_account_and_no_process_gains_privileges_where_that_is_ruled_out() -> None:
    config = oci.runtime_config(
        container(groups=(2000, 9), no_new_privileges=True), IMAGE, surroundings(identity=Identity(7, 8, (9,)))
    )
    assert config["process"]["user"]["additionalGids"] == [9, 2000]
    assert config["process"]["noNewPrivileges"] is True


def test_a_command_executed_later_is_the_same_user_in_the_same_place() -> None:
    config = oci.runtime_config(container(), IMAGE, surroundings(identity=Identity(7, 8, (9,))))
    process = oci.exec_process(config, ["ls"], tty=True)
    assert process["args"] == ["ls"]
    assert process["user"] == {"uid": 7, "gid": 8, "additionalGids": [9]}
    assert process["terminal"] is True
    assert "TERM=xterm" in process["env"]
    assert config["process"]["args"] == ["/ep", "c1", "c2"]


PASSWD = "root:x:0:0:root:/root:/bin/sh\nweb:x:101:102::/:/bin/false\n\nbroken:x\n#no:x:5:5::/:\n"
GROUP = "root:x:0:\nwww:x:200:web,other\nlogs:x:201:web\n"


@pytest.mark.parametrize(
    ("user", "group", "image_user", "expected"),
    [
        (None, None, "", Identity(0, 0, ())),
        (None, None, "web", Identity(101, 102, (200, 201))),
        (None, None, "101", Identity(101, 102, (200, 201))),
        (None, None, "web:logs", Identity(101, 201, (200, 201))),
        (None, None, "web:5", Identity(101, 5, (200, 201))),
        (None, None, "4242", Identity(4242, 0, ())),
        (101, None, "root:logs", Identity(101, 102, (200, 201))),
        (101, 7, "", Identity(101, 7, (200, 201))),
        (None, 7, "web", Identity(101, 7, (200, 201))),
    ],
)
def test_who_a_process_is(user: int | None, group: int | None, image_user: str, expected: Identity) -> None:
    assert identity(user, group, image_user, PASSWD, GROUP) == expected


def test_an_unknown_user_or_group_is_told() -> None:
    with pytest.raises(UnknownUser, match="unable to find user nobody: no matching entries in passwd file"):
        identity(None, None, "nobody", PASSWD, GROUP)
    with pytest.raises(UnknownUser, match="unable to find group staff: no matching entries in group file"):
        identity(None, None, "web:staff", PASSWD, GROUP)


@given(st.text(max_size=80), st.text(max_size=80), st.text(alphabet="ab:0123456789", max_size=8))
def test_any_account_file_can_be_read(passwd: str, group: str, image_user: str) -> None:
    try:
        found = identity(None, None, image_user, passwd, group)
    except UnknownUser:
        return
    assert found.uid >= 0
    assert found.gid >= 0
