"""What a claim asks for: requests of classes of devices, constraints among them, settings for them.

Source: KEP-4381; KEP-4816 (prioritized alternatives); KEP-5055 (tolerations of devices).
"""

from collections.abc import Iterator, Mapping

from fairway.kinds.devices.configurations import CONFIGURATIONS_MAX, configuration
from fairway.kinds.devices.lists import items
from fairway.kinds.devices.naming import label_name, qualified_attribute
from fairway.kinds.devices.selectors import selector_problems
from fairway.kinds.rules.values import dns_label, dns_subdomain, each, fill_empty
from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value, not_supported, required

Known = Mapping[str, frozenset[str]]
"""The names of a claim's requests, each with those of its alternatives."""
EFFECTS = ("NoExecute", "NoSchedule", "None")
_REQUESTS_MAX, _ALTERNATIVES_MAX, _TOLERATIONS_MAX = 32, 8, 16
_ALL, _SOME = "All", "ExactCount"
_ONE_OF = "exactly one of `exactly` or `firstAvailable` is required"
_ONE_ATTRIBUTE = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
_NO_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"


def fill_requests(spec: Object) -> None:
    """One device for a request that does not say how many."""
    for request in (spec.get("devices") or {}).get("requests") or ():
        for wanted in (request.get("exactly"), *(request.get("firstAvailable") or ())):
            if wanted is not None:
                fill_empty(wanted, allocationMode=_SOME)
                if wanted["allocationMode"] == _SOME:
                    fill_empty(wanted, count=1)
                for toleration in wanted.get("tolerations") or ():
                    fill_empty(toleration, operator="Equal")


def known_requests(devices: Object) -> Known:
    """The names that constraints, settings and allocations may speak of."""
    return {
        request.get("name") or "": frozenset(
            alternative.get("name") or "" for alternative in request.get("firstAvailable") or ()
        )
        for request in devices.get("requests") or ()
    }


def request_problems(path: str, devices: Object) -> Iterator[Problem]:
    """Every broken rule of ``spec.devices``."""
    known = known_requests(devices)

    def constraint(here: str, found: Object) -> Iterator[Problem]:
        yield from references(f"{here}.requests", found.get("requests"), known)
        yield from _attribute(here, found)

    def setting(here: str, found: Object) -> Iterator[Problem]:
        yield from references(f"{here}.requests", found.get("requests"), known)
        yield from configuration(here, found)

    yield from items(f"{path}.requests", devices.get("requests"), _request, most=_REQUESTS_MAX, key=_name)
    yield from items(f"{path}.constraints", devices.get("constraints"), constraint, most=_REQUESTS_MAX)
    yield from items(f"{path}.config", devices.get("config"), setting, most=CONFIGURATIONS_MAX)


def references(path: str, found: list[str] | None, known: Known) -> Iterator[Problem]:
    """Names of requests, each once."""
    return items(path, found, lambda here, name: reference(here, name, known), most=_REQUESTS_MAX, key=str)


def reference(path: str, name: str, known: Known) -> Iterator[Problem]:
    """The name of a request, or of one of its alternatives behind a slash."""
    parts = name.split("/")
    if len(parts) <= 2:
        for part in parts:
            yield from dns_label(path, part)
    if len(parts) > 2 or parts[0] not in known or (len(parts) == 2 and parts[1] not in known[parts[0]]):
        yield invalid_value(path, name, _NO_REQUEST)


def _attribute(path: str, constraint: Object) -> Iterator[Problem]:
    for field in ("matchAttribute", "distinctAttribute"):
        if (name := constraint.get(field)) is not None:
            yield from qualified_attribute(f"{path}.{field}", name)
            return
    yield required(path, _ONE_ATTRIBUTE)


def _name(found: Object) -> str:
    return found.get("name") or ""


def _request(path: str, request: Object) -> Iterator[Problem]:
    yield from dns_label(f"{path}.name", _name(request))
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable") or []
    if exactly is None and not alternatives:
        yield required(path, _ONE_OF)
    elif exactly is not None and alternatives:
        yield invalid_value(path, None, f"{_ONE_OF}, but multiple fields are set")
    elif exactly is not None:
        yield from _wanted(f"{path}.exactly", exactly)
    else:
        yield from items(f"{path}.firstAvailable", alternatives, _alternative, most=_ALTERNATIVES_MAX, key=_name)


def _alternative(path: str, found: Object) -> Iterator[Problem]:
    yield from dns_label(f"{path}.name", _name(found))
    yield from _wanted(path, found)


def _wanted(path: str, wanted: Object) -> Iterator[Problem]:
    if device_class := wanted.get("deviceClassName"):
        yield from dns_subdomain(f"{path}.deviceClassName", device_class)
    else:
        yield required(f"{path}.deviceClassName")
    yield from selector_problems(f"{path}.selectors", wanted.get("selectors"))
    mode, count = wanted.get("allocationMode") or "", wanted.get("count") or 0
    if mode not in (_ALL, _SOME):
        yield not_supported(f"{path}.allocationMode", mode, (_ALL, _SOME))
    elif mode == _ALL and count:
        yield invalid_value(f"{path}.count", count, "must not be specified when allocationMode is 'All'")
    elif mode == _SOME and count <= 0:
        yield invalid_value(f"{path}.count", count, "must be greater than zero")
    yield from items(f"{path}.tolerations", wanted.get("tolerations"), _toleration, most=_TOLERATIONS_MAX)


def _toleration(path: str, toleration: Object) -> Iterator[Problem]:
    operator, value = toleration.get("operator") or "", toleration.get("value") or ""
    if key := toleration.get("key"):
        yield from label_name(f"{path}.key", key)
    if operator == "Exists":
        if value:
            yield invalid_value(f"{path}.value", value, "must be empty for operator `Exists`")
    elif operator == "Equal":
        yield from each(f"{path}.value", value, names.label_value(value))
    else:
        yield not_supported(f"{path}.operator", operator, ("Equal", "Exists"))
    if (effect := toleration.get("effect")) and effect not in EFFECTS:
        yield not_supported(f"{path}.effect", effect, EFFECTS)
