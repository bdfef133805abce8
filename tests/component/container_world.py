"""A crun runtime with a small image on a machine of its own: what the runtime's tests stand on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from component.image_files import ImageFiles, busybox
from component.own_network import in_own_network, machine_in, swept
from fairway.node.images.store import ImageStore
from fairway.node.machine import Machine
from fairway.node.pod_network.node import node_network_up
from fairway.node.runtimes.crun.runtime import CrunRuntime
from fairway.node.runtimes.interface import ContainerSpec, ContainerState, SandboxSpec

PROGRAMS = ("crun", "conmon", "nft", "busybox")
UID = "6f1c2d3e-0000-4000-8000-000000000001"


@dataclass
class World:
    machine: Machine
    runtime: CrunRuntime
    images: ImageStore
    image_id: str

    async def sandbox(self, uid: str = UID, **fields: Any) -> str:
        """A sandbox's first address."""
        known = {"namespace": "default", "name": "web", "hostname": "web-1"}
        found = await self.runtime.make_sandbox(SandboxSpec(uid, **(known | fields)))
        return found.ips[0] if found.ips else ""

    async def start(self, *command: str, name: str = "c", attempt: int = 0, **fields: Any) -> ContainerState:
        uid = fields.pop("uid", UID)
        image_id = fields.pop("image_id", self.image_id)
        return await self.runtime.start(ContainerSpec(uid, name, attempt, image_id, command=command, **fields))

    async def state(self, name: str = "c", attempt: int = 0, uid: str = UID) -> ContainerState:
        for each in await self.runtime.containers():
            if (each.pod_uid, each.name, each.attempt) == (uid, name, attempt):
                return each
        raise AssertionError(f"no attempt {attempt} of {name}")

    async def ended(self, name: str = "c", attempt: int = 0, uid: str = UID) -> ContainerState:
        """The state once it has ended, waiting for the runtime to tell."""
        changes = self.runtime.changes()
        while (found := await self.state(name, attempt, uid)).exit_code is None:
            await anext(changes)
        return found

    async def output(self, *command: str, **fields: Any) -> str:
        """Run a container to its end; what it wrote."""
        await self.start(*command, **fields)
        name = fields.get("name", "c")
        await self.ended(name)
        return "".join(self.log(name))

    def log(self, name: str = "c", attempt: int = 0, stream: str = "") -> list[str]:
        """The lines of a log, joined where the monitor cut them, of one stream or both."""
        found = []
        for line in Path(self.runtime.log_path(UID, name, attempt)).read_text().splitlines():
            _time, of, tag, text = line.split(" ", 3)
            if stream in ("", of):
                found.append(text + ("\n" if tag == "F" else ""))
        return "".join(found).splitlines(keepends=True)

    async def executed(self, *command: str, stdin: bytes = b"", tty: bool = False) -> tuple[int, bytes, bytes]:
        """Exit code, stdout and stderr of a command."""
        session = await self.runtime.exec(UID, "c", command, tty=tty, stdin=bool(stdin))

        async def feed() -> None:
            await session.write(stdin)
            session.close_stdin()

        feeding = asyncio.create_task(feed())
        written = {1: b"", 2: b""}
        async for stream, data in session.output():
            written[stream] += data
        await feeding
        return await session.wait(), written[1], written[2]

    async def restarted(self) -> None:
        """A new agent takes the place of this one."""
        await self.runtime.close()
        self.runtime = CrunRuntime(self.machine)
        await self.runtime.open()


_built: list[ImageFiles] = []


def image_files() -> ImageFiles:
    if not _built:
        _built.append(busybox())
    return _built[0]


@asynccontextmanager
async def world(folder: Path, **fields: Any) -> AsyncIterator[World]:
    with machine_in(folder, **fields) as machine:
        await node_network_up(machine)
        images = ImageStore(machine)
        archive = folder / "busybox.tar"
        archive.write_bytes(image_files().docker_archive("busybox"))
        (image,) = await images.load(str(archive))
        runtime = CrunRuntime(machine)
        found = World(machine, runtime, images, image.id)
        try:
            await runtime.open()
            yield found
        finally:
            try:
                await found.runtime.close()
            finally:
                await swept(machine)
            assert not any(machine.sandboxes_path.glob("*"))


def run(folder: Path, scenario: Callable[[World], Awaitable[None]], **fields: Any) -> None:
    """One scenario in a world of its own; everything is swept and checked afterwards."""

    async def whole() -> None:
        async with world(folder, **fields) as found:
            await scenario(found)

    in_own_network(whole)
