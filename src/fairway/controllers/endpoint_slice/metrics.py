"""What the EndpointSlice controller counts, under upstream's names.

Source: Kubernetes docs, "Kubernetes Metrics Reference"; KEP-0752, KEP-4444.
"""

from collections.abc import Mapping

from fairway.controllers.endpoint_slice.hints import is_proportional
from fairway.controllers.rules.slices import Writes, endpoint_key
from fairway.objects import Object
from fairway.reconcile.metrics import Metric, Metrics

_PREFIX = "endpoint_slice_controller_"
_POWERS = tuple(float(2**power) for power in range(1, 16))

CHANGES = Metric(f"{_PREFIX}changes", "Number of EndpointSlice changes")
SYNCS = Metric(f"{_PREFIX}syncs", "Number of EndpointSlice syncs")
SLICES = Metric(f"{_PREFIX}num_endpoint_slices", "Number of EndpointSlices", "gauge")
ENDPOINTS = Metric(f"{_PREFIX}endpoints_desired", "Number of endpoints desired", "gauge")
ADDED = Metric(f"{_PREFIX}endpoints_added_per_sync", "Number of endpoints added per sync", "histogram", _POWERS)
REMOVED = Metric(f"{_PREFIX}endpoints_removed_per_sync", "Number of endpoints removed per sync", "histogram", _POWERS)
CHANGED = Metric(
    f"{_PREFIX}endpointslices_changed_per_sync", "Number of EndpointSlices changed per sync", "histogram",
    tuple(float(count) for count in range(11)),
)  # fmt: skip
DISTRIBUTIONS = Metric(
    f"{_PREFIX}services_count_by_traffic_distribution", "Number of Services by their trafficDistribution", "gauge"
)


def planned(metrics: Metrics, service: Object, writes: Writes, before: Mapping[str, Object]) -> None:
    """One plan is about to be carried out; ``before`` are the slices by name."""
    for operation, done in (("create", writes.create), ("update", writes.update), ("delete", writes.delete)):
        if done:
            metrics.add(CHANGES, f'operation="{operation}"', len(done))
    topology = "Auto" if is_proportional(service) else "Disabled"
    wish = service["spec"].get("trafficDistribution") or ""
    count = len(writes.create) + len(writes.update) + len(writes.delete)
    metrics.observe(CHANGED, count, f'topology="{topology}",traffic_distribution="{wish}"')
    had = {key for old in (*writes.delete, *_originals(writes, before)) for key in _keys(old)}
    has = {key for new in (*writes.create, *writes.update) for key in _keys(new)}
    metrics.observe(ADDED, len(has - had))
    metrics.observe(REMOVED, len(had - has))


def _originals(writes: Writes, before: Mapping[str, Object]) -> list[Object]:
    return [before[new["metadata"]["name"]] for new in writes.update]


def _keys(found: Object) -> list[tuple[str, object]]:
    return [(found["addressType"], endpoint_key(one)) for one in found.get("endpoints") or ()]


def counted(metrics: Metrics, old: Object | None, new: Object | None) -> None:
    """A slice of ours came, went or changed."""
    if slices := (new is not None) - (old is not None):
        metrics.add(SLICES, amount=slices)
    if more := _size(new) - _size(old):
        metrics.add(ENDPOINTS, amount=more)


def _size(found: Object | None) -> int:
    return len((found or {}).get("endpoints") or ())


def distributed(metrics: Metrics, old: str | None, new: str | None) -> None:
    """A Service asks for another distribution of its traffic than before; ``None``: it is not ours."""
    for wish, amount in ((old, -1), (new, 1)):
        if wish is not None and old != new:
            metrics.add(DISTRIBUTIONS, f'traffic_distribution="{wish}"', amount)
