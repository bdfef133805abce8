"""CSIDriver (storage.k8s.io/v1): what a volume driver needs from Kubernetes.

Source: Kubernetes API reference, "CSIDriver v1 storage.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE, NONE, UNSET, at
from fairway.kinds.rules.driver_name import driver_name
from fairway.kinds.rules.values import child, drop_null, fill, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, invalid_value, not_supported

_GROUP_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
_MODES = ("Persistent", "Ephemeral")
_SHORTEST_TOKEN_S, _SHORTEST_PERIOD_S = 600, 10


def defaults(new: Object) -> None:
    """A driver attaches, wants no information on mount, and has persistent volumes."""
    spec = child(new, "spec")
    drop_null(spec, "tokenRequests", "nodeAllocatableUpdatePeriodSeconds", "serviceAccountTokenInSecrets")
    fill(
        spec, attachRequired=True, podInfoOnMount=False, storageCapacity=False,
        fsGroupPolicy="ReadWriteOnceWithFSType", requiresRepublish=False, seLinuxMount=False,
    )  # fmt: skip
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """A short name, known policies and modes, tokens that last ten minutes."""
    spec = new["spec"]
    if old is None:
        yield from driver_name("name", new["metadata"].get("name") or "")
    if spec["fsGroupPolicy"] not in _GROUP_POLICIES:
        yield not_supported("spec.fsGroupPolicy", spec["fsGroupPolicy"], _GROUP_POLICIES)
    period_s = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if period_s is not None and period_s < _SHORTEST_PERIOD_S:
        text = f"must be greater than or equal to {_SHORTEST_PERIOD_S} seconds"
        yield invalid_value("spec.nodeAllocatableUpdatePeriodSeconds", period_s, text)
    yield from _tokens("spec.tokenRequests", spec.get("tokenRequests") or [])
    for mode in spec["volumeLifecycleModes"]:
        if mode not in _MODES:
            yield not_supported("spec.volumeLifecycleModes", mode, _MODES)
    if old is not None:
        # The first path is spelled as upstream spells it.
        yield from unchanged("spec.attachedRequired", spec["attachRequired"], old["spec"]["attachRequired"])
        modes = spec["volumeLifecycleModes"], old["spec"]["volumeLifecycleModes"]
        yield from unchanged("spec.volumeLifecycleModes", *modes)


def _tokens(path: str, found: list[Object]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, token in enumerate(found):
        audience, lasts_s = token.get("audience") or "", token.get("expirationSeconds")
        if audience in seen:
            yield duplicate(f"{path}[{index}].audience", audience)
        seen.add(audience)
        if lasts_s is None:
            continue
        if lasts_s < _SHORTEST_TOKEN_S:
            yield invalid_value(
                f"{path}[{index}].expirationSeconds", lasts_s, "may not specify a duration less than 10 minutes"
            )
        if lasts_s > 1 << 32:
            yield invalid_value(
                f"{path}[{index}].expirationSeconds", lasts_s, "may not specify a duration larger than 2^32 seconds"
            )


def _audiences(found: Object, _now: float) -> str:
    tokens = found["spec"].get("tokenRequests")
    return UNSET if tokens is None else ",".join(token.get("audience") or "" for token in tokens)


CSI_DRIVER = Kind(
    group="storage.k8s.io", version="v1", name="CSIDriver", plural="csidrivers",
    namespaced=False,
    columns=(
        Column("AttachRequired", at("spec", "attachRequired", absent=True), type="boolean"),
        Column("PodInfoOnMount", at("spec", "podInfoOnMount", absent=False), type="boolean"),
        Column("StorageCapacity", at("spec", "storageCapacity", absent=False), type="boolean"),
        Column("TokenRequests", _audiences),
        Column("RequiresRepublish", at("spec", "requiresRepublish", absent=False), type="boolean"),
        Column("Modes", lambda found, _: ",".join(found["spec"].get("volumeLifecycleModes") or ()) or NONE),
        AGE,
    ),
    defaults=defaults,
    validate=validate,
    unconditional_update=False,
    delete_returns_object=True,
)  # fmt: skip
