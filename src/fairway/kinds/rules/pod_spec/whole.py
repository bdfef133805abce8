"""Rules of what a pod as a whole may use: ``resources`` of the pod's own, beside those of its containers.

Source: KEP-2837; Kubernetes docs, "Assign Pod-level CPU and memory resources".
"""

from collections.abc import Iterator

from fairway.kinds.rules.pod_amounts import Amounts, amounts, of_containers
from fairway.kinds.rules.quantities import HUGE_PAGES, canonical_amounts, is_whole_pods, requirements
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value


def fill_requests(spec: Object) -> None:
    """Requests that are left out: what the containers ask for together, else the limit."""
    own = spec.get("resources")
    if own is None:
        return
    canonical_amounts(own.get("limits"))
    canonical_amounts(own.get("requests"))
    if not own.get("limits") and not own.get("requests"):
        return
    pages = _texts(of_containers(spec, "limits"), only_pages=True)
    for name, amount in pages.items():
        if name not in (own.get("limits") or {}):
            own["limits"] = {**(own.get("limits") or {}), name: amount}
    if not own.get("limits"):
        return
    asked = {**(own.get("requests") or {})}
    for name, amount in _texts(of_containers(spec, "requests"), only_pages=False).items():
        asked.setdefault(name, amount)
    for name, amount in own["limits"].items():
        if is_whole_pods(name):
            asked.setdefault(name, amount)
    if asked:
        own["requests"] = asked


def _texts(found: Amounts, *, only_pages: bool) -> dict[str, str]:
    return {
        name: str(amount)
        for name, amount in found.items()
        if is_whole_pods(name) and name.startswith(HUGE_PAGES) == only_pages
    }


def problems(path: str, spec: Object) -> Iterator[Problem]:
    """Every broken rule; ``path`` is the spec's."""
    own = spec.get("resources")
    if own is None:
        return
    here = f"{path}.resources"
    if (spec.get("os") or {}).get("name") == "windows":
        yield forbidden_value(here, "may not be set for a windows pod")
        return
    if own.get("claims") is not None:
        yield forbidden_value(f"{here}.claims", "claims may not be set for Resources at pod-level")
    yield from requirements(here, own, claims=spec.get("resourceClaims"), is_of_pod=True)
    yield from _beside_containers(here, spec, own)


def _beside_containers(path: str, spec: Object, own: Object) -> Iterator[Problem]:
    limits, requests = amounts(own.get("limits")), amounts(own.get("requests"))
    for name, asked in of_containers(spec, "requests").items():
        if name in requests and asked > requests[name]:
            text = f"must be greater than or equal to aggregate container requests of {asked}"
            yield invalid_value(f"{path}.requests[{name}]", str(requests[name]), text)
    for name, most in of_containers(spec, "limits").items():
        if name.startswith(HUGE_PAGES) and name in limits and most > limits[name]:
            text = f"must be greater than or equal to aggregate container limits of {most}"
            yield invalid_value(f"{path}.limits[{name}]", str(limits[name]), text)
    for index, container in enumerate(spec.get("containers") or ()):
        for name, most in amounts((container.get("resources") or {}).get("limits")).items():
            if name in limits and most > limits[name]:
                text = f"must be less than or equal to pod limits of {limits[name]}"
                yield invalid_value(f"{path}.containers[{index}][{name}].limits", str(most), text)
