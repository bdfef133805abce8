"""Services from words: ``create service clusterip | nodeport | loadbalancer | externalname``."""

import re

from fairway.cli.generators import GeneratorError, head, metadata
from fairway.objects import Object, names

_UINT16_MAX = 65535


def service(
    name: str, type_: str, *, tcp: list[str], cluster_ip: str = "", external_name: str = "", node_port: int = 0
) -> Object:
    """A Service whose selector and label are both ``app=NAME``; ``tcp`` holds ``PORT`` or ``PORT:TARGET``."""
    if cluster_ip == "None" and type_ != "ClusterIP":
        raise GeneratorError("ClusterIP=None can only be used with ClusterIP service type")
    if cluster_ip != "None" and not tcp and type_ != "ExternalName":
        raise GeneratorError("at least one tcp port specifier must be provided")
    if type_ == "ExternalName" and any(names.dns_subdomain(external_name)):
        raise GeneratorError(f"invalid service external name {external_name}")
    spec: Object = {}
    if tcp:
        spec["ports"] = [_port(word, node_port) for word in tcp]
    spec["selector"] = {"app": name}
    if cluster_ip:
        spec["clusterIP"] = cluster_ip
    spec["type"] = type_
    if external_name:
        spec["externalName"] = external_name
    meta = metadata(name, {"app": name})
    return head("Service", "v1", meta, spec=spec, status={"loadBalancer": {}})


def _port(word: str, node_port: int) -> Object:
    number, *rest = word.split(":")
    port = _uint16(number)
    made: Object = {"name": word.replace(":", "-"), "protocol": "TCP", "port": port, "targetPort": port}
    if rest:
        made["targetPort"] = _target(rest[0])
    if node_port:
        made["nodePort"] = node_port
    return made


def _uint16(word: str) -> int:
    if not re.fullmatch("[0-9]+", word, re.ASCII):
        raise GeneratorError(f'strconv.ParseUint: parsing "{word}": invalid syntax')
    if int(word) > _UINT16_MAX:
        raise GeneratorError(f'strconv.ParseUint: parsing "{word}": value out of range')
    return int(word)


def _target(word: str) -> int | str:
    if re.fullmatch("[+-]?[0-9]+", word, re.ASCII):
        if faults := list(names.port_number(int(word))):
            raise GeneratorError(",".join(faults))
        return int(word)
    if faults := list(names.port_name(word)):
        raise GeneratorError(",".join(faults))
    return word
