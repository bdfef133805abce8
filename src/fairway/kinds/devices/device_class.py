"""DeviceClass (resource.k8s.io/v1): a name for devices that an administrator made of selectors.

Source: Kubernetes API reference, "DeviceClass v1 resource.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.devices.configurations import CONFIGURATIONS_MAX, configuration
from fairway.kinds.devices.lists import items
from fairway.kinds.devices.selectors import selector_problems
from fairway.kinds.kind import Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.quantities import is_extended
from fairway.kinds.rules.values import child
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value


def defaults(new: Object) -> None:
    """Nothing is filled in."""
    child(new, "spec")


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Selectors, settings of drivers, and the extended resource that its devices count as."""
    spec = new["spec"]
    yield from selector_problems("spec.selectors", spec.get("selectors"))
    yield from items("spec.config", spec.get("config"), configuration, most=CONFIGURATIONS_MAX)
    name = spec.get("extendedResourceName")
    if name is not None and not is_extended(name):
        yield invalid_value("spec.extendedResourceName", name, "must be a valid extended resource name")


DEVICE_CLASS = Kind(
    group="resource.k8s.io", version="v1", name="DeviceClass", plural="deviceclasses",
    namespaced=False,
    columns=(AGE,),
    defaults=defaults,
    validate=validate,
    has_generation=True,
)  # fmt: skip
