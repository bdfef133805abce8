"""Publishing: keeps the kernel's table of host ports as the pods of this node want it.

Shape: the whole table is written at each change, in one transaction, so that whatever was wrong with it is right
afterwards; a change concerns one pod, and a node has few host ports.  What is right already is left alone.
"""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence

from fairway.node.machine import Machine
from fairway.node.names import host_ports_table, pod_device
from fairway.node.pod_network import nft
from fairway.node.pod_network.host_ports import flows
from fairway.node.pod_network.host_ports.availability import check_free
from fairway.node.pod_network.host_ports.mapping import (
    FAMILIES,
    Mappings,
    difference,
    mappings_of,
    merged,
)
from fairway.node.pod_network.host_ports.table import NFT, parse, render
from fairway.node.pod_network.sysctls import PROC_SYS
from fairway.node.pod_network.tables import is_there
from fairway.node.runtimes.interface import HostPort, RuntimeFailure

log = logging.getLogger(__name__)

REASON = "FailedCreatePodSandBox"


class HostPorts:
    """Every call blocks and may come from any thread of the machine's network namespace."""

    def __init__(self, machine: Machine) -> None:
        self._table = host_ports_table(machine.cluster)
        self._cluster = machine.cluster
        self._lock = threading.Lock()
        self._pods: dict[str, Mappings] = {}

    def adopt(self, pods: Mapping[str, tuple[Sequence[HostPort], Sequence[str]]]) -> None:
        """What an earlier run has published, oldest pod first: the kernel is read, and repaired where it differs.

        Raises: ``RuntimeFailure``.
        """
        with self._lock:
            self._pods = {uid: found for uid, one in pods.items() if (found := dict(mappings_of(*one)))}
            present = self._present()
            wanted = merged(self._pods)
            if present == wanted:
                return
            _put(self._table, wanted)
            self._forget(present or {}, wanted)

    def publish(self, pod_uid: str, ports: Iterable[HostPort], ips: Sequence[str]) -> None:
        """Let a pod's host ports lead to it.  Raises: ``RuntimeFailure`` if one is in use by another program."""
        try:
            wanted = dict(mappings_of(ports, ips))
        except ValueError as error:
            raise RuntimeFailure(REASON, f"hostIP: {error}") from error
        if not wanted:
            return
        with self._lock:
            taken = merged(self._pods)
            check_free((frontend for frontend in wanted if frontend not in taken), REASON)
            if any(frontend.is_looped for frontend in wanted):
                self._let_loopback_in(pod_uid)
            self._change({**self._pods, pod_uid: wanted})

    def withdraw(self, pod_uid: str) -> None:
        """End a pod's host ports; harmless when it has none.  Raises: ``RuntimeFailure``."""
        with self._lock:
            if pod_uid in self._pods:
                self._change({uid: mappings for uid, mappings in self._pods.items() if uid != pod_uid})

    def repair(self) -> None:
        """Put back what another program has taken away.  Raises: ``RuntimeFailure``, ``OSError``."""
        with self._lock:
            wanted = merged(self._pods)
            if not all(is_there(self._table, family) for family in {frontend.family for frontend in wanted}):
                _put(self._table, wanted)
                log.warning("the table of host ports was gone and is back")

    def _change(self, pods: dict[str, Mappings]) -> None:
        before, after = merged(self._pods), merged(pods)
        _put(self._table, after)
        self._pods = pods
        self._forget(before, after)

    def _present(self) -> Mappings | None:
        """What the kernel has; ``None`` if it must be written anew whatever it is."""
        found: Mappings = {}
        for family in FAMILIES:
            if _is_there(self._table, family):
                listed = nft.run(["-j", "-n", "list", "table", NFT[family], self._table], REASON)
                present = None if listed.returncode else parse(listed.stdout, family)
                if present is None:
                    return None
                found |= present
        return found

    def _forget(self, before: Mappings, after: Mappings) -> None:
        """The ports are right; a flow that could not be ended goes on until its client pauses."""
        try:
            flows.forget(difference(before, after))
        except OSError as error:
            log.warning("flows of host ports not ended", extra={"error": str(error)})

    def _let_loopback_in(self, pod_uid: str) -> None:
        """Answers to 127.0.0.1 come in by the pod's own device, and by no other; it ends with the device."""
        path = PROC_SYS / "net/ipv4/conf" / pod_device(self._cluster, pod_uid) / "route_localnet"
        try:
            path.write_text("1")
        except OSError as error:
            raise RuntimeFailure(REASON, f"{error.filename}: {error.strerror}") from error


def unload(cluster: str) -> bool:
    """Take the tables out; false when there was none.  Raises: ``RuntimeFailure``."""
    table = host_ports_table(cluster)
    if not any(_is_there(table, family) for family in FAMILIES):
        return False
    _put(table, {})
    return True


def _is_there(table: str, family: int) -> bool:
    """Whether the kernel has the table, which costs no process."""
    try:
        return is_there(table, family)
    except OSError as error:
        raise RuntimeFailure(REASON, f"looking for the table of host ports failed: {error}") from error


def _put(table: str, mappings: Mappings) -> None:
    nft.load(render(table, mappings), "the table of host ports", REASON)
