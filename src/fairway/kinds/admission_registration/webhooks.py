"""MutatingWebhookConfiguration and ValidatingWebhookConfiguration: programs elsewhere that are asked about writes.

Source: Kubernetes docs, "Dynamic Admission Control"; Kubernetes API reference, "MutatingWebhook v1".
"""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from fairway.kinds.admission_registration.matching import (
    FAILURE_POLICIES,
    conditions,
    fill_matching,
    rule,
    selectors,
)
from fairway.kinds.admission_registration.scopes import request_scope
from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.values import drop_null, each, fill
from fairway.objects import Object, names
from fairway.objects.errors import Problem, duplicate, invalid_value, not_supported, required

_VERSIONS = ("v1", "v1beta1")
_SIDE_EFFECTS = ("None", "NoneOnDryRun")
_REINVOCATIONS = ("IfNeeded", "Never")
_FORM = "; desired format: https://host[/path]"


def _defaults(*, mutating: bool) -> Callable[[Object], None]:
    def defaults(new: Object) -> None:
        """Failures refuse the request; ten seconds; everything of a kind matches."""
        drop_null(new, "webhooks")
        for webhook in new.get("webhooks") or ():
            fill_matching(webhook)
            fill(webhook, failurePolicy="Fail", timeoutSeconds=10)
            if mutating:
                fill(webhook, reinvocationPolicy="Never")
            config = webhook.get("clientConfig")
            if config:
                drop_null(config, "url", "service", "caBundle")
            if config and config.get("service") is not None:
                fill(config["service"], port=443)

    return defaults


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Webhooks that can be called, each with a name of its own."""
    seen: set[str] = set()
    for place, webhook in enumerate(new.get("webhooks") or ()):
        path, name = f"webhooks[{place}]", webhook.get("name") or ""
        yield from _webhook(path, webhook)
        if name and name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)


def _webhook(path: str, webhook: Object) -> Iterator[Problem]:
    yield from _name(f"{path}.name", webhook.get("name") or "")
    for place, one in enumerate(webhook.get("rules") or ()):
        yield from rule(f"{path}.rules[{place}]", one)
    policy = webhook.get("failurePolicy")
    if policy not in FAILURE_POLICIES:
        yield not_supported(f"{path}.failurePolicy", policy, FAILURE_POLICIES)
    effects = webhook.get("sideEffects")
    if effects is None:
        yield required(f"{path}.sideEffects", "must specify one of None, NoneOnDryRun")
    elif effects not in _SIDE_EFFECTS:
        yield not_supported(f"{path}.sideEffects", effects, _SIDE_EFFECTS)
    if not 1 <= webhook.get("timeoutSeconds", 10) <= 30:
        yield invalid_value(
            f"{path}.timeoutSeconds", webhook["timeoutSeconds"], "the timeout value must be between 1 and 30 seconds"
        )
    yield from selectors(path, webhook)
    again = webhook.get("reinvocationPolicy")
    if again is not None and again not in _REINVOCATIONS:
        yield not_supported(f"{path}.reinvocationPolicy", again, _REINVOCATIONS)
    yield from client_config(f"{path}.clientConfig", webhook.get("clientConfig") or {})
    if webhook.get("matchConditions"):
        yield from conditions(f"{path}.matchConditions", webhook["matchConditions"], request_scope())
    yield from _versions(f"{path}.admissionReviewVersions", webhook.get("admissionReviewVersions") or [])


def _name(path: str, name: str) -> Iterator[Problem]:
    if not name:
        yield required(path)
        return
    if faults := list(names.dns_subdomain(name)):
        yield invalid_value(path, name, ",".join(faults))
    elif name.count(".") < 2:
        yield invalid_value(path, name, "should be a domain with at least three segments separated by dots")


def _versions(path: str, versions: list[str]) -> Iterator[Problem]:
    if not versions:
        yield required(path, "must specify one of v1, v1beta1")
        return
    seen: set[str] = set()
    for place, version in enumerate(versions):
        if version in seen:
            yield invalid_value(f"{path}[{place}]", version, "duplicate version")
        seen.add(version)
        for message in names.dns_1035_label(version):
            yield invalid_value(f"{path}[{place}]", version, message)
    if not seen.intersection(_VERSIONS):
        yield invalid_value(path, versions, "must include at least one of v1, v1beta1")


def client_config(path: str, config: Object) -> Iterator[Problem]:
    """An https URL or a Service, one of both."""
    url, service = config.get("url"), config.get("service")
    if (url is None) is (service is None):
        yield required(path, "exactly one of url or service is required")
    elif url is not None:
        yield from _url(f"{path}.url", url)
    else:
        yield from _service(f"{path}.service", service or {})


def _url(path: str, url: str) -> Iterator[Problem]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        yield required(path, f"url must be a valid URL: {error}{_FORM}")
        return
    if parts.scheme != "https":
        yield invalid_value(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}")
    if not host:
        yield invalid_value(path, parts.netloc, f"host must be specified{_FORM}")
    if "@" in parts.netloc:
        yield invalid_value(path, parts.netloc.rpartition("@")[0], "user information is not permitted in the URL")
    if parts.fragment:
        yield invalid_value(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield invalid_value(path, parts.query, "query parameters are not permitted in the URL")


def _service(path: str, service: Object) -> Iterator[Problem]:
    # Upstream hands name and namespace over in the wrong order, and so names the other one (kubernetes#141353).
    for field, told in (("namespace", "name"), ("name", "namespace")):
        if not service.get(field):
            yield required(f"{path}.{told}", f"service {told} is required")
    if not 0 < service.get("port", 443) < 65536:
        yield invalid_value(
            f"{path}.port", service["port"], "port is not valid: must be between 1 and 65535, inclusive"
        )
    yield from _path(f"{path}.path", service.get("path") or "")


def _path(path: str, where: str) -> Iterator[Problem]:
    """Each part of it a DNS subdomain; the first letter is no part, whatever it is."""
    if where in ("", "/"):
        return
    if where == "//":
        yield invalid_value(path, where, "segment[0] may not be empty")
        return
    if not where.startswith("/"):
        yield invalid_value(path, where, "must start with a '/'")
    for index, part in enumerate(where[1:].removesuffix("/").split("/")):
        if not part:
            yield invalid_value(path, where, f"segment[{index}] may not be empty")
        else:
            yield from each(path, where, (f"segment[{index}]: {message}" for message in names.dns_subdomain(part)))


_COLUMNS = (Column("Webhooks", lambda found, _: len(found.get("webhooks") or ()), type="integer"), AGE)

MUTATING_WEBHOOK_CONFIGURATION = Kind(
    group="admissionregistration.k8s.io", version="v1", name="MutatingWebhookConfiguration",
    plural="mutatingwebhookconfigurations",
    namespaced=False,
    categories=("api-extensions",),
    columns=_COLUMNS,
    has_generation=True,
    defaults=_defaults(mutating=True),
    validate=validate, unconditional_update=False,
)  # fmt: skip
VALIDATING_WEBHOOK_CONFIGURATION = Kind(
    group="admissionregistration.k8s.io", version="v1", name="ValidatingWebhookConfiguration",
    plural="validatingwebhookconfigurations",
    namespaced=False,
    categories=("api-extensions",),
    columns=_COLUMNS,
    has_generation=True,
    defaults=_defaults(mutating=False),
    validate=validate, unconditional_update=False,
)  # fmt: skip
