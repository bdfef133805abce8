"""Locations: from an address as a caller types it (``http://kubia.default:8080/x``) to what it leads to.

Source: Kubernetes docs, "DNS for Services and Pods"; "Service", node ports and external addresses.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fairway.objects import Object
from fairway.why import ingresses
from fairway.why.answer import ERROR, NOTE, WARNING, Answer, Cause
from fairway.why.answering import Known, about_service
from fairway.why.facts import Caller, Look, Looking, Question, joined, meta
from fairway.why.host_ports import host_ports
from fairway.why.names import is_address, no_namespace

_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443", "grpc": "", "tcp": "", "udp": ""}


class Location(NamedTuple):
    """An address in its parts; ``port`` is empty if it says none."""

    scheme: str
    host: str
    port: str
    path: str


def parsed(text: str) -> Location:
    """Take an address apart.  Raises: ``ValueError``."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "", text
    place, slash, path = rest.partition("/")
    place = place.rpartition("@")[2]
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        port = port.removeprefix(":")
    elif place.count(":") > 1:
        host, port = place, ""
    else:
        host, _, port = place.partition(":")
    if not host or (port and not port.isdecimal()):
        raise ValueError(f'"{text}" is no address: use http://HOST:PORT/PATH or HOST:PORT')
    path = (slash + path).partition("?")[0].partition("#")[0]
    return Location(scheme, host.lower().rstrip("."), port or _PORTS.get(scheme, ""), path)


class Name(NamedTuple):
    """A name of the cluster's DNS, read as one of a Service."""

    service: str
    namespace: str
    problem: str = ""
    cure: str = ""


def read_name(host: str, namespace: str, domain: str) -> Name | None:
    """What ``host`` names for a pod of ``namespace``; ``None`` if it can be no Service's name."""
    parts = host.split(".")
    if len(parts) == 1:
        return Name(parts[0], namespace)
    if "svc" in parts[1:]:
        place = parts.index("svc", 1)
        tail = ".".join(parts[place + 1 :])
        before = parts[:place]
        if len(before) < 2:
            cure = f"{before[0]}.{namespace}.svc{'.' + tail if tail else ''}"
            return Name(before[0], namespace, f"{host} lacks the namespace between the Service's name and svc", cure)
        found = Name(before[-2], before[-1])
        if tail not in ("", domain):
            cure = ".".join([*before, "svc", domain])
            return found._replace(problem=f"the cluster's domain is {domain}, not {tail}", cure=cure)
        return found
    if host.endswith("." + domain):
        before = host.removesuffix("." + domain).split(".")
        cure = ".".join([*before, *([namespace] if len(before) == 1 else []), "svc", domain])
        return Name(before[0], before[1] if len(before) > 1 else namespace, f"{host} lacks the part svc", cure)
    return Name(parts[0], parts[1]) if len(parts) == 2 else None


def about_location(question: Question, known: Known) -> Looking[Answer]:
    """What an address leads to, and whether that works."""
    where = parsed(question.name)
    answer = Answer(question.name, "URL", question.namespace, question.name)
    asked = question._replace(port=question.port or where.port, host="" if is_address(where.host) else where.host)
    if is_machine(where.host):
        return (yield from _about_machine(asked, known, where, answer))
    if is_address(where.host):
        return (yield from _about_address(asked, known, where, answer))
    routed = yield from _routed(asked, known, where, answer)
    if routed is not None:
        return routed
    space = question.caller.namespace if question.caller and question.caller.namespace else question.namespace
    name = read_name(where.host, space, known.domain)
    if name is None and answer.unseen:
        return answer.blind()
    if name is None:
        return _elsewhere(answer, question, where.host, "")
    if name.problem:
        answer.add([Cause("WrongName", ERROR, name.problem, name.problem, where.host, "", name.cure)])
    if question.caller is not None and question.caller.kind == "outside":
        text = f"{where.host} is a name of the cluster's DNS, which callers outside do not ask"
        answer.add([Cause("NameInside", ERROR, text, text, where.host, "", "an address, or the host of an Ingress")])
    missing = yield from _namespace(name)
    if missing and not missing[0].cure and where.host == f"{name.service}.{name.namespace}":
        return _elsewhere(answer, question, where.host, f": there is no namespace {name.namespace}")
    answer.add(missing)
    target = asked._replace(kind="Service", name=name.service, namespace=name.namespace)
    found = yield from about_service(target, known)
    return _merged(answer, found)


def _elsewhere(answer: Answer, question: Question, host: str, why: str) -> Answer:
    """A name that may be one of the world's, as pods may call it: ``www.example.org``."""
    text = f"{host} is no name of a Service{why}, and no Ingress has that host"
    if question.caller is not None and question.caller.kind == "outside":
        answer.add([Cause("NotAServiceName", ERROR, text, text, host)])
    else:
        more = f"{text}; if it exists outside, its own DNS must tell"
        answer.add([Cause("NotAServiceName", WARNING, more, text, host)])
    return answer.conclude("")


def _merged(answer: Answer, found: Answer) -> Answer:
    answer.caller = found.caller
    answer.add(found.causes)
    answer.verdicts, answer.lines = found.verdicts, found.lines
    answer.unseen += found.unseen
    return answer.conclude(
        f"it leads to {found.subject} in namespace {found.namespace}; {found.summary.partition(': ')[2]}"
    )


def _namespace(name: Name) -> Looking[list[Cause]]:
    """A namespace that does not exist."""
    own, every = yield (Look("namespaces", name=name.namespace), Look("namespaces"))
    if own.items or own.refused or every.refused:
        return []
    return [no_namespace(name.namespace, [meta(each)["name"] for each in every.items])]


# By the host of an Ingress.


def _routed(question: Question, known: Known, where: Location, answer: Answer) -> Looking[Answer | None]:
    """If an Ingress has the host: the route that the path takes."""
    if "." not in where.host:
        return None
    every = yield from _everywhere(question, answer, Look("ingresses", "networking.k8s.io"), "Ingresses")
    mine = [
        (ingress, route) for ingress in every for route in ingresses.routes(ingress)
        if route.host and ingresses.takes_host(route.host, where.host)
    ]  # fmt: skip
    if not mine:
        return None
    fitting = [(ingress, route) for ingress, route in mine if ingresses.takes_path(route, where.path)]
    if not fitting:
        paths = joined(sorted({route.path or "/" for _, route in mine}))
        text = f"no Ingress has a path for {where.host}{where.path or '/'}; its paths: {paths}"
        answer.add([Cause("NoRoute", ERROR, text, text, f"ingress/{meta(mine[0][0])['name']}", "spec.rules")])
        return answer.conclude("")
    ingress, route = max(fitting, key=lambda each: (each[1].type == "Exact", len(each[1].path)))
    asked = Question("Ingress", meta(ingress)["namespace"], meta(ingress)["name"])
    found = yield from ingresses.about_ingress(asked, known, route.pointer)
    found.subject = answer.subject
    return found.conclude(f"ingress/{asked.name} leads {route.shown} on")


# By an address.


def _everywhere(question: Question, answer: Answer, asked: Look, what: str) -> Looking[Sequence[Object]]:
    """All there are; of the caller's namespace alone where not all may be looked at."""
    (seen,) = yield (asked,)
    if seen.refused and question.namespace:
        answer.unseen.append(f"could not look at {what} of all namespaces: {seen.refused}")
        (seen,) = yield (asked._replace(namespace=question.namespace),)
    return seen.items


def _about_address(question: Question, known: Known, where: Location, answer: Answer) -> Looking[Answer]:
    services = yield from _everywhere(question, answer, Look("services"), "Services")
    nodes, pods = yield (Look("nodes"), Look("pods", fields=f"status.podIP={where.host}", limit=5))
    answer.unseen += [
        f"could not look at {what}: {seen.refused}" for what, seen in (("nodes", nodes), ("pods", pods)) if seen.refused
    ]
    for service, is_outer in _holders(services, where.host):
        asked = question._replace(kind="Service", namespace=meta(service)["namespace"], name=meta(service)["name"])
        found = yield from about_service(asked, known)
        if question.caller is not None and question.caller.kind == "outside" and not is_outer:
            text = f"{where.host} is a cluster IP, which works inside the cluster only"
            answer.add([Cause("AddressInside", ERROR, text, text, f"svc/{asked.name}")])
        return _merged(answer, found)
    if any(where.host in _addresses(node) for node in nodes.items):
        return (yield from _about_node(question, known, where, answer, services))
    if pods.items:
        text = f"{where.host} is the address of pod/{meta(pods.items[0])['name']} itself, and changes with it"
        answer.add([Cause("PodAddress", NOTE, text, "", f"pod/{meta(pods.items[0])['name']}")])
        return answer.conclude(text)
    if answer.unseen:
        return answer.blind()
    text = f"{where.host} is the address of no Service, node or pod"
    answer.add([Cause("UnknownAddress", ERROR, text, text, where.host, "", "", ("kubectl get svc -A",))])
    return answer.conclude("")


def _holders(services: Sequence[Object], ip: str) -> Iterator[tuple[Object, bool]]:
    """Services that have the address, and whether callers outside may use it."""
    for service in services:
        spec = service["spec"]
        balanced = [
            one.get("ip") for one in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        ]
        if ip in (*balanced, *(spec.get("externalIPs") or ())):
            yield service, True
        elif ip in (spec.get("clusterIPs") or (spec.get("clusterIP"),)):
            yield service, False


def _addresses(node: Object) -> list[str]:
    return [each.get("address", "") for each in (node.get("status") or {}).get("addresses") or ()]


def is_machine(host: str) -> bool:
    """Whether this is the caller's own machine."""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _about_machine(question: Question, known: Known, where: Location, answer: Answer) -> Looking[Answer]:
    if question.caller is not None and question.caller.kind == "pod":
        text = f"{where.host} is the calling pod itself, whatever listens in it; a Service is called by its name"
        answer.add([Cause("Localhost", ERROR, text, text, question.caller.shown)])
        return answer.conclude("")
    services = yield from _everywhere(question, answer, Look("services"), "Services")
    return (yield from _about_node(question, known, where, answer, services))


def _about_node(
    question: Question, known: Known, where: Location, answer: Answer, services: Sequence[Object]
) -> Looking[Answer]:  # fmt: skip
    """A port of a node: a node port, or nothing."""
    open_ = {
        str(port["nodePort"]): service for service in services for port in service["spec"].get("ports") or ()
        if port.get("nodePort")
    } | {str(port): service for service in services for _, port in host_ports(service)}  # fmt: skip
    service = open_.get(question.port)
    if service is None and answer.unseen:
        return answer.blind()
    if service is None:
        listed = joined([f"{number} (svc/{meta(each)['name']})" for number, each in sorted(open_.items())][:6])
        what = "this machine" if is_machine(where.host) else "a node"
        text = f"{where.host} is {what}, and no Service has its port {question.port or '(none given)'}"
        whole = f"{text}; node ports: {listed}" if listed else f"{text}; there are no node ports at all"
        answer.add([Cause("NoSuchNodePort", ERROR, whole, text, where.host, "", "", ("kubectl get svc -A",))])
        return answer.conclude("")
    asked = question._replace(
        kind="Service", namespace=meta(service)["namespace"], name=meta(service)["name"],
        caller=question.caller if question.caller and question.caller.kind == "outside" else Caller("outside"),
    )  # fmt: skip
    return _merged(answer, (yield from about_service(asked, known)))
