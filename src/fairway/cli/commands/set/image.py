"""Set the images of containers.

fairway set image deploy/kubia kubia=luksa/kubia:v2
fairway set image deploy/kubia '*=luksa/kubia:v2'      of all its containers
"""

from fairway.cli.failure import Failure
from fairway.cli.setting import ONLY_FILES, SELECTOR_FLAG, SET_FLAGS, pod_spec
from fairway.cli.setting import run as run_setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME | TYPE/NAME) CONTAINER=IMAGE..."
FLAGS = (*SET_FLAGS, SELECTOR_FLAG)


def run(call: "Call") -> int:
    """Set them."""
    images = dict(word.split("=", 1) for word in call.words if "=" in word)
    words = [word for word in call.words if "=" not in word]

    def check() -> None:
        if not images:
            raise Failure("at least one image update is required")
        if "*" in images and len(images) > 1:
            raise Failure(
                "all containers are already specified by *, but saw more than one container_name=container_image pairs"
            )

    def change(found: "dict[str, Any]", target: "Target") -> None:
        spec = pod_spec(found, target)
        for name, image in images.items():
            meant = [
                container for field in ("initContainers", "containers") for container in spec.get(field) or ()
                if name in ("*", container["name"])
            ]  # fmt: skip
            if not meant:
                raise Failure(f'unable to find container named "{name}"')
            for container in meant:
                container["image"] = image

    failing = "failed to patch image update to pod template: "
    return run_setting(
        call, words, change, "image updated", failing=failing, check=check, local_without_files=ONLY_FILES
    )
