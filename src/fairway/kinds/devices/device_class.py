"""DeviceClass (resource.k8s.io/v1): a name for devices that an administrator made of selectors.

Source: Kubernetes API reference, "DeviceClass v1 resource.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.devices.selectors import selector_problems
from fairway.kinds.kind import Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.values import child
from fairway.objects import Object
from fairway.objects.errors import Problem, required


def defaults(new: Object) -> None:
    """Nothing is filled in."""
    child(new, "spec")


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Selectors and settings of drivers."""
    yield from selector_problems("spec.selectors", new["spec"].get("selectors") or [])
    for index, config in enumerate(new["spec"].get("config") or ()):
        path, opaque = f"spec.config[{index}]", config.get("opaque")
        if opaque is None:
            yield required(path, "exactly one field must be set")
            continue
        if not opaque.get("driver"):
            yield required(f"{path}.opaque.driver")
        if opaque.get("parameters") is None:
            yield required(f"{path}.opaque.parameters")


DEVICE_CLASS = Kind(
    group="resource.k8s.io", version="v1", name="DeviceClass", plural="deviceclasses",
    namespaced=False,
    columns=(AGE,),
    defaults=defaults,
    validate=validate,
    has_generation=True,
)  # fmt: skip
