"""Names: Services that do not exist, and those that are only another name.

Source: Kubernetes docs, "DNS for Services and Pods", "Service", type ExternalName.
"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from fairway.why.answer import ERROR, NOTE, Cause
from fairway.why.facts import Facts, joined, meta
from fairway.why.nearness import nearest


def absent(facts: Facts) -> list[Cause]:
    """Why there is no such Service: a slip in the name, or another namespace."""
    name, namespace = facts.name, facts.namespace
    here = [meta(each)["name"] for each in facts.namesakes if meta(each)["namespace"] == namespace]
    there = sorted({meta(each)["namespace"] for each in facts.namesakes if meta(each)["name"] == name} - {namespace})
    if facts.namespaces and namespace not in facts.namespaces:
        return [no_namespace(namespace, facts.namespaces, f"fairway why svc/{name} -n ")]
    near = nearest(name, here)
    text = f"there is no Service {name} in namespace {namespace}"
    if there:
        spaces = joined(there[:3], "or")
        return [
            Cause(
                "OtherNamespace", ERROR, f"{text}; there is one in namespace {spaces}: from another namespace it is "
                f"called {name}.{there[0]}", f"there is no Service {name} in namespace {namespace}, but in {spaces}",
                f"svc/{name}", "metadata.namespace", f"{name}.{there[0]}", (f"fairway why svc/{name} -n {there[0]}",),
            )
        ]  # fmt: skip
    if near:
        return [
            Cause(
                "NoSuchService", ERROR, f"{text}; the nearest name is {near}",
                f"there is no Service {name} in namespace {namespace}; did you mean {near}?", f"svc/{name}",
                "metadata.name", near, (f"fairway why svc/{near} -n {namespace}",),
            )
        ]  # fmt: skip
    listed = f"; its Services are {joined(sorted(here)[:8])}" if here else "; it has no Service at all"
    return [
        Cause(
            "NoSuchService", ERROR, text + listed, f"there is no Service {name} in namespace {namespace}",
            f"svc/{name}", "metadata.name", "", (f"kubectl get svc -n {namespace}",),
        )
    ]  # fmt: skip


def no_namespace(namespace: str, known: Sequence[str], command: str = "") -> Cause:
    """A namespace that does not exist; ``command`` is completed with the one that was probably meant."""
    near = nearest(namespace, known)
    text = f"there is no namespace {namespace}" + (f"; did you mean {near}?" if near else "")
    commands = (f"{command}{near}",) if near and command else ("kubectl get namespaces",)
    return Cause("NoSuchNamespace", ERROR, text, text, f"namespace/{namespace}", "metadata.namespace", near, commands)


def is_address(text: str) -> bool:
    """Whether this is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def alias_target(name: str, domain: str) -> tuple[str, str] | None:
    """(Service, namespace) if an external name is one of this cluster's own Services."""
    parts = name.rstrip(".").split(".")
    if len(parts) >= 3 and parts[2] == "svc" and ".".join(parts[3:]) in (domain, ""):
        return parts[0], parts[1]
    return None


def alias(facts: Facts) -> Iterator[Cause]:
    """What goes wrong with an ExternalName."""
    assert facts.service is not None
    spec = facts.service["spec"]
    name = spec["externalName"]
    if is_address(name):
        yield Cause(
            "ExternalNameIsAddress", ERROR,
            f"externalName is the alias (CNAME) that the DNS answers with, and {name} is an address: it resolves to "
            "nothing. For an address, use a Service without a selector and an EndpointSlice",
            f"its externalName {name} is an address, not a name", f"svc/{facts.name}", "spec.externalName",
            "a name, or type: ClusterIP without a selector and an EndpointSlice",
        )  # fmt: skip
        return
    target = alias_target(name, facts.domain)
    if target is not None and facts.namesakes == [] and f"services in namespace {target[1]}" not in facts.unseen:
        yield Cause(
            "NoSuchService", ERROR, f"it stands for Service {target[0]} in namespace {target[1]}, which does not exist",
            f"it stands for svc/{target[0]} in namespace {target[1]}, which does not exist", f"svc/{facts.name}",
            "spec.externalName", "", (f"kubectl get svc -n {target[1]}",),
        )  # fmt: skip
    if spec.get("selector"):
        yield Cause(
            "Ignored", NOTE, "its selector has no effect: an ExternalName has no endpoints", "", f"svc/{facts.name}"
        )
    yield Cause(
        "ExternalName", NOTE,
        f"clients connect to {name} itself, at its own ports; servers of HTTP and TLS there may not know the name "
        f"{facts.name}",
        "", f"svc/{facts.name}",
    )  # fmt: skip
