"""VolumeAttributesClass (storage.k8s.io/v1): attributes of volumes that may be changed while they are in use.

Source: KEP-3751; Kubernetes docs, "Volume Attributes Classes".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE, at
from fairway.kinds.rules.values import qualified_name, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value, required, too_long, too_many

_PARAMETERS_MAX, _PARAMETERS_MAX_BYTES = 512, 256 * 1024


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """A driver and at least one parameter, neither of which changes."""
    driver, parameters = new.get("driverName") or "", new.get("parameters") or {}
    if not driver:
        yield required("driverName")
    else:
        yield from qualified_name("driverName", driver.lower())
    yield from _parameters(parameters)
    if old is not None:
        yield from unchanged("driverName", driver, old.get("driverName") or "")
        yield from unchanged("parameters", parameters, old.get("parameters") or {})


def _parameters(found: Object) -> Iterator[Problem]:
    if not found:
        yield required("parameters", "must contain at least one key/value pair")
    if len(found) > _PARAMETERS_MAX:
        yield too_many("parameters", len(found), _PARAMETERS_MAX)
        return
    if "" in found:
        yield invalid_value("parameters", "", "field can not be empty.")
    if sum(len(key.encode()) + len(str(value).encode()) for key, value in found.items()) > _PARAMETERS_MAX_BYTES:
        yield too_long("parameters", _PARAMETERS_MAX_BYTES)


VOLUME_ATTRIBUTES_CLASS = Kind(
    group="storage.k8s.io", version="v1", name="VolumeAttributesClass", plural="volumeattributesclasses",
    short_names=("vac",),
    namespaced=False,
    columns=(Column("DriverName", at("driverName")), AGE),
    validate=validate,
    unconditional_update=False,
    delete_returns_object=True,
)  # fmt: skip
