"""Pods' links in a network namespace that plays the machine, and what a command or a socket meets there."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from component.own_network import in_own_network, machine_in, swept
from fairway.node.machine import Machine
from fairway.node.pod_network.network import PodNetwork
from fairway.node.pod_network.node import node_network_up
from fairway.node.rtnetlink.connection import Connection
from fairway.node.syscalls import CLONE_NEWNET, setns

Scenario = Callable[[Machine, PodNetwork], Coroutine[Any, Any, None]]


def run(folder: Path, scenario: Scenario, **fields: Any) -> None:
    async def whole() -> None:
        with machine_in(folder, **fields) as machine:
            await node_network_up(machine)
            network = PodNetwork(machine)
            await network.open()
            try:
                await scenario(machine, network)
            finally:
                network.close()
                await swept(machine)
            assert links() == ["lo"]
            assert ip("route", "show", "table", "main") == ip("-6", "route", "show", "table", "main") == ""

    in_own_network(whole)


def ip(*words: str, netns: Path | None = None) -> str:
    inside = ["nsenter", f"--net={netns}"] if netns else []
    return subprocess.run([*inside, "ip", *words], capture_output=True, text=True, check=True).stdout


def inside(netns: Path, *command: str) -> str:
    """What a command inside a pod says."""
    words = ["nsenter", f"--net={netns}", *command]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=5).stdout


def seen_from(netns: Path, server: socket.socket) -> str:
    """Connect to a listening socket from inside a pod; the address that the server sees."""
    address, port = server.getsockname()[:2]
    inside(netns, "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}")
    accepted, peer = server.accept()
    accepted.close()
    return str(peer[0])


def links() -> list[str]:
    with Connection() as connection:
        return sorted(link.name for link in connection.links())


def listener_in(netns: Path, address: str, port: int) -> socket.socket:
    """A listening socket inside a pod; it stays there whatever thread uses it."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    pod = os.open(netns, os.O_RDONLY)
    try:
        setns(pod, CLONE_NEWNET)
        return socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    finally:
        setns(own, CLONE_NEWNET)
        os.close(own)
        os.close(pod)


async def reaches(address: str, port: int, listener: socket.socket) -> str:
    """Connect from the machine; the address that the pod sees."""
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    client.setblocking(False)
    with client:
        async with asyncio.timeout(30):
            await loop.sock_connect(client, (address, port))
            accepted, peer = await loop.sock_accept(listener)
        accepted.close()
        return str(peer[0])
