"""Health: a cluster that is up, asked from outside: processes, API, store, node, names, kernel table, logs."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from fairway.cluster import processes
from fairway.cluster.doctor import name_trial
from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.cluster.doctor.log_lines import Trouble, restarts, troubles
from fairway.cluster.nodes import nodes_of, parts
from fairway.objects.conditions import condition, is_true

PATIENCE_S: Final = 1.5
RECENT_S: Final = 600.0
CHECKED_BYTES: Final = 64 << 20
"""A larger store is not read through: that takes longer than anyone waits."""
PRESSURES: Final = ("DiskPressure", "MemoryPressure", "PIDPressure")
_MOST_SHOWN = 3


class Answers(NamedTuple):
    """What the API said; ``trouble`` why it said nothing.  ``failed`` are checks of /readyz; ``late_s`` its time."""

    trouble: str = ""
    failed: tuple[str, ...] = ()
    late_s: float = 0.0
    nodes: tuple[dict[str, Any], ...] = ()
    differences: tuple[str, ...] = ()
    table_trouble: str = ""


class Facts(NamedTuple):
    """``pids`` by part, 0 for what does not run.  ``name_trouble`` says what is wrong with the cluster's DNS."""

    is_known: bool
    is_running: bool
    pids: dict[str, int]
    answers: Answers
    name_trouble: str
    store_trouble: str
    errors: tuple[Trouble, ...]
    restarts: tuple[tuple[str, int], ...]
    node_names: tuple[str, ...]
    server: str
    log_dir: str
    is_root: bool
    flags: str = ""


def look(scene: Scene) -> Facts:
    """Ask everything that can be asked of a cluster; of one that is down, its store alone."""
    config = scene.config
    pids, answers, name_trouble = {}, Answers(), ""
    found: list[Trouble] = []
    ended: dict[str, int] = {}
    if scene.is_known:
        pids = {part: next(iter(processes.find(part, config.name, config.data_dir)), 0) for part in parts(config)}
        now_s = time.time()
        for part in parts(config):
            found += troubles(part, _tail(config.log_dir / f"{part}.log"), now_s - RECENT_S)
        ended = restarts(_tail(config.log_dir / "supervisor.log"), now_s - RECENT_S)
    if scene.is_running:
        answers = asyncio.run(_ask(scene))
        name_trouble = name_trial.asked(config.dns_ips, config.cluster_domain, config.kubernetes_ip)
    return Facts(
        scene.is_known, scene.is_running, pids, answers, name_trouble, _store_trouble(scene), tuple(found),
        tuple(ended.items()), tuple(node.name for node in nodes_of(config)), config.server, str(config.log_dir),
        scene.is_root, scene.flags,
    )  # fmt: skip


def _tail(path: Path, most: int = 1 << 18) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - most))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _store_trouble(scene: Scene) -> str:
    """What SQLite says of the store, if it may be read and is not too large.  Writes nothing."""
    import sqlite3

    paths = [each for each in (scene.config.state_dir / "store").glob("*") if each.suffix in (".db", ".sqlite", "")]
    for path in paths:
        if not scene.is_root or path.stat().st_size > CHECKED_BYTES or not path.is_file():
            continue
        how = "mode=ro" if scene.is_running else "mode=ro&immutable=1"  # a reader of one at rest would make files
        try:
            store = sqlite3.connect(f"file:{path}?{how}", uri=True, timeout=PATIENCE_S)
            try:
                said = store.execute("PRAGMA quick_check(1)").fetchone()[0]
            finally:
                store.close()
        except sqlite3.Error as error:
            return f"{path}: {error}"
        if said != "ok":
            return f"{path}: {said}"
    return ""


async def _ask(scene: Scene) -> Answers:
    from fairway.client.http import HttpClient
    from fairway.kinds import NODE
    from fairway.objects.errors import StatusError
    from fairway.transport.tls import client_context

    pki = scene.config.pki_dir
    try:
        context = client_context(pki / "ca.crt", pki / "admin.crt", pki / "admin.key")
    except OSError as error:
        return Answers(f"the administrator's certificate in {pki} cannot be used: {error.strerror or error}")
    client = HttpClient(scene.config.server, ssl_context=context, agent="fairway-doctor", timeout_s=PATIENCE_S)
    try:
        started_s = time.monotonic()
        ready = await client.request("GET", "/readyz?verbose")
        late_s = time.monotonic() - started_s
        nodes, _ = await client.list(NODE)
        failed = [
            line.partition(" ")[0].removeprefix("[-]")
            for line in ready.body.decode(errors="replace").splitlines()
            if line.startswith("[-]")
        ]
        answers = Answers("", tuple(failed), late_s, tuple(nodes))
        if scene.is_root:
            answers = await _compared(scene, client, answers)
    except (OSError, StatusError) as error:
        return Answers(_reason(error))
    finally:
        await client.close()
    return answers


def _reason(error: BaseException) -> str:
    """The innermost cause, in a few words."""
    while isinstance(error.__cause__, OSError) and str(error.__cause__):
        error = error.__cause__
    return str(getattr(error, "strerror", "") or error or type(error).__name__)


async def _compared(scene: Scene, client: Any, answers: Answers) -> Answers:
    """What the proxy would change if it started now; what a moment later would not change any more was on its way."""
    from fairway.proxy.dataplanes.interface import DataplaneError

    try:
        async with asyncio.timeout(PATIENCE_S):
            # A host port looks taken to us since the node holds it; and what another program has, the node lacks.
            first = await _differences(scene, client, is_trusting=True)
            if not first:
                return answers
            await asyncio.sleep(0.3)
            again = set(await _differences(scene, client))
    except TimeoutError:
        return answers._replace(table_trouble=f"the comparison took longer than {PATIENCE_S:g} s")
    except DataplaneError as error:
        return answers._replace(table_trouble=str(error))
    return answers._replace(differences=tuple(each for each in first if each in again))


async def _differences(scene: Scene, client: Any, *, is_trusting: bool = False) -> list[str]:
    from fairway.cluster.node import proxy_settings
    from fairway.cluster.nodes import node_of
    from fairway.proxy.dataplanes.nftables import NftablesDataplane
    from fairway.proxy.preview import line
    from fairway.proxy.proxy import Proxy

    logging.getLogger("fairway.proxy").setLevel(logging.ERROR)  # its words are the node's to say
    node = node_of(scene.config)
    dataplane = NftablesDataplane(scene.config.name)
    proxy = Proxy(client, dataplane, node_name=node.name, settings=proxy_settings(scene.config, node))
    proxy.host_ports.is_trusting = is_trusting
    try:
        return [line(change) for change in await proxy.preview()]
    finally:
        dataplane.close()


def cluster(facts: Facts) -> Iterator[Finding]:
    """Whether there is one at all."""
    if not facts.is_known:
        yield well(f"there is no cluster yet; start one: sudo fairway up{facts.flags}")
    elif not facts.is_running:
        yield well(f"the cluster is down; start it: sudo fairway up{facts.flags}")


def parts_running(facts: Facts) -> Iterator[Finding]:
    """Supervisor, control and nodes."""
    if not facts.is_running:
        return
    missing = [part for part, pid in facts.pids.items() if not pid]
    for part in missing:
        yield failure(
            f"{part} does not run",
            "the supervisor starts what ends; it is gone, or waits after repeated ends"
            if part != "supervisor"
            else "nobody starts again what ends",
            f"run: sudo fairway up{facts.flags}; why: sudo fairway logs {part}{facts.flags}",
        )
    if not missing:
        yield well("running: " + ", ".join(f"{part} (pid {pid})" for part, pid in facts.pids.items()))


def ends(facts: Facts) -> Iterator[Finding]:
    """Parts that ended in the last minutes and were started again."""
    for part, count in facts.restarts:
        yield warning(
            f"{part} ended {count} {'time' if count == 1 else 'times'} in the last {RECENT_S / 60:.0f} minutes",
            "it was started again, but something ends it",
            f"see why: sudo fairway logs {part}{facts.flags}; for want of memory: dmesg | grep -i oom",
        )


def api(facts: Facts) -> Iterator[Finding]:
    """Whether the API server answers, and says that it is ready."""
    if not facts.is_running:
        return
    answers = facts.answers
    if answers.trouble:
        yield failure(
            f"the API server at {facts.server} does not answer: {answers.trouble}",
            "kubectl cannot be served; what runs goes on as it is",
            f"run: sudo fairway up{facts.flags}; why: sudo fairway logs control{facts.flags}",
        )
    elif answers.failed:
        yield failure(
            f"the API server is not ready: {', '.join(answers.failed)}",
            "etcd stands for the store: it refuses to write, mostly for want of room" if "etcd" in answers.failed
            else "it is starting or ending",
            f"see: sudo fairway logs control{facts.flags}; df -h {facts.log_dir}",
        )  # fmt: skip
    elif answers.late_s > 1.0:
        yield warning(
            f"the API server took {answers.late_s:.1f} s to say that it is ready",
            "a loaded machine or disk slows everything",
            "see what is at work: top; iostat -x 1",
        )
    else:
        yield well(f"the API server at {facts.server} is ready")


def store(facts: Facts) -> Iterator[Finding]:
    """The file with all objects."""
    if facts.store_trouble:
        yield failure(
            f"the store is damaged: {facts.store_trouble}",
            "objects may be lost, and the API server may not start",
            f"copy the folder aside, then: sudo fairway down{facts.flags} --purge && sudo fairway up{facts.flags}",
        )
    elif facts.is_known and facts.is_root:
        yield well("the store is in order")


def nodes(facts: Facts) -> Iterator[Finding]:
    """Each node says of itself that it is ready, and has what it needs."""
    if not facts.is_running or facts.answers.trouble:
        return
    known = {str(node["metadata"]["name"]): node for node in facts.answers.nodes}
    for name in facts.node_names:
        node = known.get(name)
        if node is None:
            yield failure(
                f'the API knows no node "{name}"',
                "its pods are on no node that controllers know of",
                f"run: sudo fairway down{facts.flags} && sudo fairway up{facts.flags}",
            )
            continue
        bad = [pressure for pressure in PRESSURES if is_true(node, pressure)]
        if not is_true(node, "Ready"):
            message = (condition(node, "Ready") or {}).get("message") or "no word from it"
            yield failure(
                f'node "{name}" is not ready: {message}',
                "no pod is started there, and its pods leave their Services",
                f"see: sudo fairway logs {facts.flags.strip()} | grep -i error; then: sudo fairway up{facts.flags}",
            )
        elif bad:
            yield warning(
                f'node "{name}" says {", ".join(bad)}', "pods are evicted and not started", "make room: df -h; free -m"
            )
        elif (node.get("spec") or {}).get("unschedulable"):
            yield warning(f'node "{name}" is cordoned', "no new pod is started there", f"run: kubectl uncordon {name}")
        else:
            yield well(f'node "{name}" is ready')


def names(facts: Facts) -> Iterator[Finding]:
    """A question to the cluster's DNS, as a pod would ask it."""
    if not facts.is_running:
        return
    if facts.name_trouble:
        yield failure(
            f"cluster DNS: {facts.name_trouble}",
            "pods do not find Services by name",
            f"see: sudo fairway logs node{facts.flags} | grep -i dns; then: sudo fairway up{facts.flags}",
        )
    else:
        yield well("cluster DNS answers")


def kernel_table(facts: Facts) -> Iterator[Finding]:
    """What the kernel holds is what the API says."""
    if not facts.is_running or facts.answers.trouble or not facts.is_root:
        return
    found = facts.answers.differences
    if facts.answers.table_trouble:
        yield failure(
            f"the kernel's table cannot be read: {facts.answers.table_trouble}",
            "Services may lead nowhere",
            f"run: sudo fairway up{facts.flags}; why: sudo fairway logs node{facts.flags}",
        )
    elif found:
        yield failure(
            f"the kernel's table and the API differ in {len(found)} elements: {_first(found)}",
            "Services lead to other pods than the API says",
            "have it put right: end the node process (its pid: fairway status); the supervisor starts it again",
        )
    else:
        yield well("the kernel's table agrees with the API")


def _first(texts: Sequence[str]) -> str:
    more = "" if len(texts) <= _MOST_SHOWN else "; ..."
    return "; ".join(texts[:_MOST_SHOWN]) + more


def recent_errors(facts: Facts) -> Iterator[Finding]:
    """What the parts complained of lately."""
    for each in facts.errors:
        yield warning(
            f"{each.part} logged {each.errors} {'error' if each.errors == 1 else 'errors'} in the last "
            f"{RECENT_S / 60:.0f} minutes, lastly: {each.last}",
            "it may have been cured since",
            f"see: sudo fairway logs {each.part}{facts.flags} --tail 500",
        )


CHECKS = (cluster, parts_running, ends, api, store, nodes, names, kernel_table, recent_errors)
