"""Ingresses: whether each route of one leads to a Service that works, and whether anybody serves it at all.

Source: Kubernetes docs, "Ingress", "Ingress Controllers"; API reference, "Ingress v1 networking.k8s.io".
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fairway.objects import Object
from fairway.why.answer import ERROR, NOTE, WARNING, Answer, Cause
from fairway.why.answering import Known, about_service
from fairway.why.facts import Look, Looking, Question, joined, meta
from fairway.why.nearness import nearest
from fairway.why.words import replaced

_CLASS = "kubernetes.io/ingress.class"
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_ONE = "its only route leads to a Service that works"
_OURS = "fairway.dev/ingress"
"""The controller that serves no ExternalName; others may."""


class Route(NamedTuple):
    """One path of one rule; ``pointer`` is where its backend stands."""

    host: str
    path: str
    type: str
    backend: Object
    pointer: str

    @property
    def shown(self) -> str:
        """``app.example/shop``."""
        if self.pointer == "/spec/defaultBackend":
            return "the default backend"
        return f"{self.host or '*'}{self.path or '/'}"


def routes(ingress: Object) -> Iterator[Route]:
    """All routes, the default backend last."""
    spec = ingress.get("spec") or {}
    for index, rule in enumerate(spec.get("rules") or ()):
        for place, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            pointer = f"/spec/rules/{index}/http/paths/{place}/backend"
            yield Route(
                rule.get("host") or "", path.get("path") or "", path.get("pathType") or "", path["backend"], pointer
            )
    if spec.get("defaultBackend"):
        yield Route("", "", "Prefix", spec["defaultBackend"], "/spec/defaultBackend")


def takes(route: Route, host: str, path: str) -> bool:
    """Whether a request for ``host`` and ``path`` goes by this route."""
    return takes_host(route.host, host) and takes_path(route, path)


def takes_host(pattern: str, host: str) -> bool:
    """``*.example`` stands for exactly one more label."""
    if not pattern or pattern == host:
        return True
    return pattern.startswith("*.") and host.partition(".")[2] == pattern[2:] and bool(host.partition(".")[0])


def takes_path(route: Route, path: str) -> bool:
    """Exact is exact; a prefix counts by whole elements."""
    wanted, path = route.path or "/", path or "/"
    if route.type == "Exact":
        return path == wanted
    stem = wanted.rstrip("/")
    return path == stem or path.startswith(stem + "/") or not stem


def about_ingress(question: Question, known: Known, only: str = "") -> Looking[Answer]:
    """One Ingress, each of its routes; ``only`` is the pointer of the one that matters."""
    name, namespace = question.name, question.namespace
    answer = Answer(f"ingress/{name}", "Ingress", namespace, name)
    own = Look("ingresses", "networking.k8s.io", namespace=namespace, name=name)
    seen, every, classes, services = yield (
        own, own._replace(name=""), Look("ingressclasses", "networking.k8s.io"), Look("services", namespace=namespace),
    )  # fmt: skip
    if not seen.items:
        if seen.refused:
            answer.unseen.append(f"could not look at ingress/{name}: {seen.refused}")
            return answer.blind()
        near = nearest(name, [meta(each)["name"] for each in every.items])
        text = f"there is no Ingress {name} in namespace {namespace}" + (f"; did you mean {near}?" if near else "")
        command = f"fairway why ingress/{near} -n {namespace}" if near else f"kubectl get ingress -n {namespace}"
        answer.add([Cause("NotFound", ERROR, text, text, answer.subject, "metadata.name", near, (command,))])
        return answer.conclude("")
    ingress = seen.items[0]
    answer.add(list(_served(ingress, classes.items if not classes.refused else None)))
    if not services.refused:
        found = [route for route in routes(ingress) if only in ("", route.pointer)]
        yield from _backends(question, known, answer, found, services.items, is_ours=_is_ours(ingress, classes.items))
    else:
        answer.unseen.append(f"could not look at Services in namespace {namespace}: {services.refused}")
    count = len(answer.lines)
    works = f"all its {count} routes lead to Services that work" if count > 1 else _ONE
    return answer.conclude(works if count else "")


def _served(ingress: Object, classes: Sequence[Object] | None) -> Iterator[Cause]:
    """Whether a controller looks after it."""
    spec, name, namespace = ingress["spec"], meta(ingress)["name"], meta(ingress)["namespace"]
    wanted = spec.get("ingressClassName") or (meta(ingress).get("annotations") or {}).get(_CLASS) or ""
    names = sorted(meta(each)["name"] for each in classes or ())
    default = [each for each in classes or () if (meta(each).get("annotations") or {}).get(_DEFAULT) == "true"]
    if classes is not None and wanted and spec.get("ingressClassName") and wanted not in names:
        meant = nearest(wanted, names) or (names[0] if len(names) == 1 else "")
        text = (
            f"there is no IngressClass {wanted}; there {'is' if len(names) == 1 else 'are'} {joined(names) or 'none'}"
        )
        yield Cause(
            "NoSuchClass", ERROR, text, f"there is no IngressClass {wanted}", f"ingress/{name}",
            "spec.ingressClassName",
            f"ingressClassName: {meant}" if meant else "",
            (replaced(namespace, name, "/spec/ingressClassName", meant, "ingress"),) if meant else (),
        )  # fmt: skip
    elif classes is not None and not wanted and not default:
        meant = names[0] if len(names) == 1 else ""
        text = f"it names no ingressClassName, and no IngressClass is the default; there are {joined(names) or 'none'}"
        command = replaced(namespace, name, "/spec/ingressClassName", meant, "ingress").replace('"replace"', '"add"')
        yield Cause(
            "NoClass", ERROR, text, "it has no class, and there is no default one", f"ingress/{name}",
            "spec.ingressClassName", f"ingressClassName: {meant}" if meant else "", (command,) if meant else (),
        )  # fmt: skip
    elif not ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        text = "no controller has given it an address yet" + (f"; its class is {wanted}" if wanted else "")
        yield Cause(
            "NoAddress", WARNING, text, text, f"ingress/{name}", "status.loadBalancer", "",
            (f"kubectl describe ingress {name} -n {namespace}",),
        )  # fmt: skip


def _is_ours(ingress: Object, classes: Sequence[Object]) -> bool:
    """Whether Fairway's own controller serves it."""
    wanted = ingress["spec"].get("ingressClassName")
    for each in classes:
        is_default = (meta(each).get("annotations") or {}).get(_DEFAULT) == "true"
        if meta(each)["name"] == wanted or (not wanted and is_default):
            return bool((each.get("spec") or {}).get("controller") == _OURS)
    return False


def _backends(
    question: Question, known: Known, answer: Answer, found: Sequence[Route], services: Sequence[Object], *,
    is_ours: bool,
) -> Looking[None]:  # fmt: skip
    """Each route's Service, asked once."""
    asked: dict[tuple[str, str], Answer] = {}
    if not found:
        text = "it has neither rules with paths nor a default backend"
        answer.add([Cause("NoRoutes", ERROR, text, text, answer.subject, "spec.rules")])
    for route in found:
        backend = route.backend.get("service")
        if backend is None:
            answer.lines.append(f"{route.shown} → {(route.backend.get('resource') or {}).get('kind', 'a resource')}")
            continue
        name, port = backend["name"], backend.get("port") or {}
        wanted = str(port.get("name") or port.get("number") or "")
        service = next((each for each in services if meta(each)["name"] == name), None)
        problem = _missing(answer, route, name, wanted, service, services)
        if service is not None and service["spec"].get("type") == "ExternalName":
            problem = _external(answer, route, name, service["spec"]) if is_ours else None
        if problem is not None:
            answer.add([problem])
            answer.lines.append(f"{route.shown} → svc/{name}:{wanted}: {problem.short}")
            continue
        if (name, wanted) not in asked:
            about = Question("Service", question.namespace, name, None, wanted)
            asked[name, wanted] = yield from about_service(about, known)
        answer.lines.append(f"{route.shown} → svc/{name}:{wanted}: {asked[name, wanted].summary.partition(': ')[2]}")
        answer.add([cause for cause in asked[name, wanted].causes if cause.severity != NOTE])
        answer.unseen += [each for each in asked[name, wanted].unseen if each not in answer.unseen]
        answer.verdicts += [each for each in asked[name, wanted].verdicts if each not in answer.verdicts]


def _external(answer: Answer, route: Route, name: str, spec: Object) -> Cause:
    text = f"svc/{name} is of type ExternalName ({spec.get('externalName')}), which has no endpoints to lead to"
    return Cause(
        "ExternalName", ERROR, f"{route.shown} leads nowhere: {text}", text, answer.subject, f"{_field(route)}.service",
        "a Service without a selector, and an EndpointSlice with the addresses",
    )  # fmt: skip


def _field(route: Route) -> str:
    """``spec.rules[0].http.paths[0].backend``."""
    return re.sub(r"\.(\d+)", r"[\1]", route.pointer.removeprefix("/").replace("/", "."))


def _missing(
    answer: Answer, route: Route, name: str, wanted: str, service: Object | None, services: Sequence[Object]
) -> Cause | None:  # fmt: skip
    """A backend that does not exist, or a port of it that does not."""
    field = _field(route)
    if service is None:
        near = nearest(name, [meta(each)["name"] for each in services])
        command = replaced(answer.namespace, answer.name, f"{route.pointer}/service/name", near, "ingress")
        text = f"{route.shown} leads to Service {name}, which does not exist in namespace {answer.namespace}"
        return Cause(
            "NoSuchService", ERROR, text + (f"; the nearest name is {near}" if near else ""),
            f"there is no Service {name}", answer.subject, f"{field}.service.name", near, (command,) if near else (),
        )  # fmt: skip
    ports = list(service["spec"].get("ports") or ())
    named = [port for port in ports if wanted in (str(port["port"]), port.get("name"))]
    if any((port.get("protocol") or "TCP") == "TCP" for port in named):
        return None
    if named:
        text = f"port {wanted} of svc/{name} is {named[0]['protocol']}, and HTTP needs TCP"
        return Cause(
            "ProtocolMismatch", ERROR, f"{route.shown} leads nowhere: {text}", text, answer.subject,
            f"{field}.service.port",
        )  # fmt: skip
    listed = joined([f"{port['port']}{' (' + port['name'] + ')' if port.get('name') else ''}" for port in ports])
    text = f"{route.shown} leads to port {wanted} of svc/{name}, which has {f'only {listed}' if listed else 'none'}"
    value = {"number": ports[0]["port"]} if len(ports) == 1 else None
    command = replaced(answer.namespace, answer.name, f"{route.pointer}/service/port", value, "ingress")
    return Cause(
        "PortNotInService", ERROR, text, f"svc/{name} has no port {wanted}", answer.subject, f"{field}.service.port",
        f"number: {ports[0]['port']}" if value else "", (command,) if value else (),
    )  # fmt: skip
