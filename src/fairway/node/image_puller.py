"""Image puller: sees to it that a container's image is on the machine, by the rules of imagePullPolicy.

Shape: one pull of an image at a time however many pods want it; a pull goes on when the pod that asked for it leaves.
Source: Kubernetes docs, "Images", "Image pull policy".
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from fairway.node.image_names import name_problem, pull_policy
from fairway.node.runtimes.interface import Image, Images, RuntimeFailure
from fairway.objects import Object
from fairway.objects.durations import go_duration

Tell = Callable[[str, str, str], None]
"""(type, reason, message) of an event about the container."""

NORMAL, WARNING = "Normal", "Warning"


@dataclass(slots=True)
class ImagePuller:
    """Pulls at most ``slots`` images at once."""

    images: Images
    slots: asyncio.Semaphore
    _pulls: dict[str, asyncio.Task[Image]]

    def __init__(self, images: Images, concurrency: int) -> None:
        self.images = images
        self.slots = asyncio.Semaphore(concurrency)
        self._pulls = {}

    async def ensure(self, container: Object, tell: Tell) -> Image:
        """The container's image, pulled if need be.  Raises: ``RuntimeFailure``."""
        reference, policy = container.get("image") or "", pull_policy(container)
        if problem := name_problem(reference):
            problem = f'couldn\'t parse image name "{reference}": {problem}'
            message = f'Failed to apply default image tag "{reference}": {problem}'
            tell(WARNING, "InspectFailed", message)
            raise RuntimeFailure("InvalidImageName", message)
        present = await self.images.find(reference)
        if present is None and policy == "Never":
            message = f'Container image "{reference}" is not present with pull policy of Never'
            tell(WARNING, "ErrImageNeverPull", message)
            raise RuntimeFailure("ErrImageNeverPull", message)
        if present is not None and policy != "Always":
            text = f'Container image "{reference}" already present on machine and can be accessed by the pod'
            tell(NORMAL, "Pulled", text)
            return present
        return await self._pull(reference, tell)

    async def _pull(self, reference: str, tell: Tell) -> Image:
        loop = asyncio.get_running_loop()
        tell(NORMAL, "Pulling", f'Pulling image "{reference}"')
        asked_s = loop.time()
        pull = self._pulls.get(reference)
        if pull is None:
            pull = self._pulls[reference] = asyncio.create_task(self._pull_once(reference))
            pull.add_done_callback(lambda done: self._ended(reference, done))
        try:
            image = await asyncio.shield(pull)
        except RuntimeFailure as failure:
            tell(WARNING, "Failed", f'Failed to pull image "{reference}": {failure}')
            raise RuntimeFailure("ErrImagePull", str(failure)) from failure
        took = go_duration(loop.time() - asked_s)
        tell(
            NORMAL, "Pulled", f'Successfully pulled image "{reference}" in {took} ({took} including waiting). '
            f"Image size: {image.size_bytes} bytes.",
        )  # fmt: skip
        return image

    def _ended(self, reference: str, pull: asyncio.Task[Image]) -> None:
        self._pulls.pop(reference, None)
        if not pull.cancelled():
            # Looked at here because the pod that asked may have left meanwhile.
            pull.exception()

    async def _pull_once(self, reference: str) -> Image:
        async with self.slots:
            return await self.images.pull(reference)

    async def close(self) -> None:
        """End the pulls under way."""
        pulls = list(self._pulls.values())
        for pull in pulls:
            pull.cancel()
        await asyncio.gather(*pulls, return_exceptions=True)
