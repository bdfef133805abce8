"""Ingresses from words: ``create ingress NAME --rule=HOST/PATH=SERVICE:PORT[,tls[=SECRET]]``."""

import re
from collections.abc import Sequence

from fairway.cli.generators import GeneratorError, head, metadata
from fairway.objects import Object

_RULE = re.compile(
    r"^(?P<host>[\w*\-.]*)(?P<path>/.*)=(?P<service>[\w\-]+):(?P<port>[\w\-]+)"
    r"(,(?P<tls>tls)=?(?P<secret>[\w\-]+)?)?",
    re.ASCII,
)


def ingress(
    name: str, rules: Sequence[str], *, default_backend: str, class_name: str, annotations: Sequence[str]
) -> Object:
    """An Ingress; rules of one host stand together, where the host came first."""
    if not rules and not default_backend:
        raise GeneratorError(
            "not enough information provided: every ingress has to either specify a default-backend (which catches all "
            "traffic) or a list of rules (which catch specific paths)"
        )
    for rule in rules:
        if not _RULE.match(rule):
            raise GeneratorError(
                f"rule {rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
            )
    marks = dict(map(_annotation, annotations))
    if default_backend and default_backend.count(":") != 1:
        raise GeneratorError("default-backend should be in format servicename:serviceport")
    spec: Object = {}
    if class_name:
        spec["ingressClassName"] = class_name
    if default_backend:
        spec["defaultBackend"] = _backend(*default_backend.split(":"))
    if tls := _tls(rules):
        spec["tls"] = tls
    if rules:
        spec["rules"] = _rules(rules)
    meta = metadata(name, annotations=marks)
    return head("Ingress", "networking.k8s.io/v1", meta, spec=spec, status={"loadBalancer": {}})


def _annotation(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not equals:
        raise GeneratorError(f"annotation {word} is invalid and should be in format key=[value]")
    return key, value


def _backend(service: str, port: str) -> Object:
    which: Object = {"number": int(port)} if re.fullmatch("[+-]?[0-9]+", port) else {"name": port}
    return {"service": {"name": service, "port": which}}


def _rules(rules: Sequence[str]) -> list[Object]:
    by_host: dict[str, list[Object]] = {}
    for rule in rules:
        found = _RULE.match(rule)
        assert found is not None, "the rules were checked"
        path, is_prefix = found["path"], found["path"].endswith("*")
        made = {
            "path": path[:-1] if is_prefix else path,
            "pathType": "Prefix" if is_prefix else "Exact",
            "backend": _backend(found["service"], found["port"]),
        }
        by_host.setdefault(found["host"], []).append(made)
    return [{**({"host": host} if host else {}), "http": {"paths": paths}} for host, paths in by_host.items()]


def _tls(rules: Sequence[str]) -> list[Object]:
    """One entry for each secret; a host is in the first that names it."""
    by_secret: dict[str, list[str]] = {}
    known: set[str] = set()
    for rule in rules:
        found = _RULE.match(rule)
        assert found is not None, "the rules were checked"
        host, secret = found["host"], found["secret"] or ""
        if not found["tls"] or host in known:
            continue
        known.add(host)
        if host or secret:
            by_secret.setdefault(secret, []).extend([host] if host else [])
    return [
        {**({"hosts": hosts} if hosts else {}), **({"secretName": secret} if secret else {})}
        for secret, hosts in by_secret.items()
    ]
