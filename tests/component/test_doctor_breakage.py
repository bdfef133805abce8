"""The doctor names what is really broken: each row breaks a machine of its own, in namespaces, and asks it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from foreign_rules import DOCKER_IPTABLES
from own_network import needs

pytestmark = needs("unshare", "nft", "ip", "mount", "chroot")
SOURCES = Path(__file__).resolve().parents[2] / "src"
NAME = "none"


def doctor(
    folder: Path, breaking: str, *, options: str = "-n -m", data: str = "", **environment: str
) -> list[dict[str, str]]:
    """What the doctor says in namespaces of its own, once the shell text ``breaking`` has run there."""
    command = [sys.executable, "-m", "fairway", "doctor", "--json", "--name", NAME, "--data-dir"]
    command.append(data or str(folder / "data"))
    script = f"set -e\nip link set lo up 2>/dev/null || :\n{breaking}\nexec $RUN {' '.join(command)}\n"
    done = subprocess.run(
        ["unshare", *options.split(), "sh", "-c", script],
        env={
            **{key: value for key, value in os.environ.items() if "proxy" not in key.lower()},
            "PYTHONPATH": str(SOURCES), "KUBECONFIG": str(folder / "kubeconfig"), "HOME": str(folder), "RUN": "",
            "D": str(folder), **environment,
        },
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)["findings"]
    assert done.returncode == int(any(each["level"] == "failure" for each in found)), done.stderr
    return found


def bad(found: list[dict[str, str]], check: str) -> dict[str, str]:
    """The one finding of a check that is not well."""
    named = [each for each in found if each["check"] == check and each["level"] != "ok"]
    assert len(named) == 1, [each for each in found if each["level"] != "ok"]
    return named[0]


ROWS = [
    # what breaks it, check, level, part of what is said
    ("sysctl -qw net.ipv4.conf.all.rp_filter=1", "limits/reverse-path", "warning", "all.rp_filter is strict"),
    ("mount -t tmpfs none /run; sysctl -qw net.ipv4.conf.all.route_localnet=1", "limits/route-localnet", "warning",
     "route_localnet is on"),
    ("sysctl -qw net.ipv4.ip_local_port_range='20000 60000'", "ports/node-ports", "warning", "30000-32767"),
    ("ip link add d0 type bridge; ip addr add 10.244.3.1/24 dev d0; ip link set d0 up", "addresses/overlaps", "warning",
     "pod cidr 10.244.0.0/16 overlaps the route 10.244.3.0/24 by d0"),
    ("nft add table inet own; nft add chain inet own forwarded '{ type filter hook forward priority 0; policy drop; }'",
     "firewalls/dropping", "warning", "table inet own drops what is forwarded"),
    ("nft add table ip kube-proxy; nft add chain ip kube-proxy services", "firewalls/clusters", "failure",
     "rules of kube-proxy are left"),
    ("nft add table ip fairway-ghost", "remains/left-behind", "warning", 'kernel rules of a cluster "ghost"'),
    ("mount --bind $D/empty /etc/resolv.conf", "clients/name-servers", "warning", "names no name server"),
    ("echo 'nameserver 127.0.0.53' > $D/stub; mount --bind $D/stub /etc/resolv.conf", "clients/name-servers", "warning",
     "nothing answers at 127.0.0.53"),
    ("echo '{' > $D/kubeconfig", "clients/kubeconfig-files", "failure", "kubeconfig"),
    ("mount -t tmpfs -o size=4m none $D/data", "storage/room", "failure", "only 4"),
    ("mount -t tmpfs -o size=2g,nr_inodes=500 none $D/data", "storage/inodes", "failure", "inodes are free"),
    ("mount -t tmpfs -o size=2g,noexec none $D/data", "storage/file-system", "warning", "lies on tmpfs"),
    ("mount -t tmpfs none /run; mkdir -p /run/fairway/ghost", "remains/left-behind", "warning", "/run/fairway"),
    ("mount --bind $D/mute $(readlink -f $(command -v crun))", "packages/programs", "warning", "crun does not tell"),
    ("for g in $(awk '$3==\"cgroup2\"||$3==\"cgroup\"{print $2}' /proc/mounts); do umount -l $g; done",
     "kernel/control-groups", "failure", "no control groups are mounted"),
    ("mount -t tmpfs -o ro none /run", "storage/writable", "failure", "Read-only file system"),
    ("ulimit -n 512", "limits/open-files", "failure", "512 files"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("breaking", "check", "level", "what"), ROWS, ids=[f"{i}-{row[1]}" for i, row in enumerate(ROWS)]
)
def test_what_was_broken_is_named(tmp_path: Path, breaking: str, check: str, level: str, what: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "mute").write_text("#!/bin/sh\n")
    (tmp_path / "mute").chmod(0o755)
    found = doctor(tmp_path, breaking)
    named = [each for each in found if each["check"] == check and each["level"] == level and what in each["what"]]
    assert len(named) == 1, [each for each in found if each["level"] != "ok"]
    assert named[0]["why"]
    assert named[0]["fix"]


def test_docker_s_firewall_is_named_and_its_cure_cures_it(tmp_path: Path) -> None:
    # What Docker's chain has of its own lets Services through; one that it makes at its start does not.
    (tmp_path / "docker").write_text(DOCKER_IPTABLES.load.replace("ct status dnat accept", ""))
    broken = doctor(tmp_path, "nft -f $D/docker")
    assert bad(broken, "firewalls/dropping")["what"].startswith("Docker drops what is forwarded")
    assert "DOCKER-USER" in bad(broken, "firewalls/dropping")["fix"]
    (tmp_path / "docker").write_text(DOCKER_IPTABLES.load)
    cured = doctor(tmp_path, "nft -f $D/docker")
    assert [each["level"] for each in cured if each["check"] == "firewalls/dropping"] == ["ok"]


def test_the_doctor_leaves_nothing_behind(tmp_path: Path) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    doctor(tmp_path, "", TMPDIR=str(place))
    assert list(place.iterdir()) == []


def test_a_taken_port_is_named_with_its_holder(tmp_path: Path) -> None:
    listen = (
        "import socket,time;s=socket.socket();s.bind(('0.0.0.0',%d));s.listen();print('up',flush=True);time.sleep(60)"
    )
    holding = [f'{sys.executable} -c "{listen % port}" > $D/{port} & ' for port in (6443, 53, 80)]
    waiting = "".join(f"while ! grep -q up $D/{port} 2>/dev/null; do :; done; " for port in (6443, 53, 80))
    found = doctor(tmp_path, "".join(holding) + waiting, options="-n -m -p -f --mount-proc")
    own = [each["what"] for each in found if each["check"] == "ports/own-ports" and each["level"] == "warning"]
    assert [text.partition(" by python")[0] for text in own] == [
        "port 6443 of the API server is taken", "port 80 of the Ingresses (HTTP) is taken",
    ]  # fmt: skip
    assert "53 is taken on 0.0.0.0 by python" in bad(found, "ports/dns")["what"]
    assert bad(found, "ports/dns")["level"] == "failure"


@pytest.mark.parametrize(
    ("way", "level", "what"),
    [
        ("RUN='chroot ROOT'", "failure", "this is a chroot whose root is no mount"),
        ("mount --bind ROOT ROOT; FILL; RUN='chroot ROOT'", "warning", "this is a chroot"),
        (
            "mount --bind ROOT ROOT; FILL; cd ROOT; mkdir .old; pivot_root . .old; umount -l .old; RUN=",
            "ok",
            "pivot_root",
        ),
    ],
)
def test_a_chroot_is_named_and_its_cure_cures_it(tmp_path: Path, way: str, level: str, what: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    tops = {Path(each).parts[1] for each in (sys.prefix, sys.base_prefix, SOURCES)}
    tops |= {"usr", "etc", "opt", "root", "home", "tmp", "var", "proc", "sys", "dev", "run", "srv"}
    fill = f"for p in {' '.join(sorted(tops))}; do [ -d /$p ] || continue; "
    fill += f"mkdir -p {root}/$p; mount --rbind /$p {root}/$p; done; "
    fill += f"for l in bin lib lib64 sbin; do [ -L /$l ] && cp -P /$l {root}/$l; done; :"
    way = way if "FILL" in way else f"FILL; {way}"
    found = doctor(tmp_path, way.replace("FILL", fill).replace("ROOT", str(root)))
    told = [each for each in found if each["check"] == "kernel/root"]
    assert [(each["level"], each["what"].partition(" (")[0]) for each in told] == [(level, what)]
    if level != "ok":
        assert "pivot_root . .old" in told[0]["fix"]


def test_without_root_it_says_what_it_cannot_see(tmp_path: Path) -> None:
    found = doctor(
        tmp_path, "", options="-m", data="/nonexistent", RUN="setpriv --reuid 65534 --clear-groups --inh-caps=-all"
    )
    assert bad(found, "kernel/tried")["fix"] == "run: sudo fairway doctor"
    assert bad(found, "machine/root")["level"] in ("warning", "failure")


def test_a_proxy_in_the_environment_is_named(tmp_path: Path) -> None:
    found = doctor(tmp_path, "", HTTPS_PROXY="http://192.0.2.1:3128", NO_PROXY="localhost")
    assert "HTTPS_PROXY is set, and NO_PROXY leaves out 10.96.0.0/16" in bad(found, "clients/proxies")["what"]


def test_an_overlay_below_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    layers = "mount -t tmpfs none $D/data; mkdir $D/data/l $D/data/u $D/data/w $D/data/m; "
    layers += "mount -t overlay none -o lowerdir=$D/data/l,upperdir=$D/data/u,workdir=$D/data/w $D/data/m; "
    (tmp_path / "data").mkdir()
    command = f"{sys.executable} -m fairway up --name {NAME} --data-dir {tmp_path}/data/m"
    done = run_up(tmp_path, layers, command)
    assert done.returncode == 1
    assert "no overlay can be mounted" in done.stderr
    assert f"sudo fairway doctor --name {NAME} --data-dir {tmp_path}/data/m" in done.stderr
    assert not Path("/run/fairway", NAME).exists()


def run_up(folder: Path, breaking: str, command: str) -> "subprocess.CompletedProcess[Any]":
    return subprocess.run(
        ["unshare", "-n", "-m", "sh", "-c", f"set -e\nip link set lo up\n{breaking}\nexec {command}"],
        env={**os.environ, "PYTHONPATH": str(SOURCES), "KUBECONFIG": str(folder / "kubeconfig"), "D": str(folder)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
