"""Services, slices and questions for the tests of the DNS, and answers read by another implementation."""

from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype

from fairway.dns.answers import say
from fairway.dns.records import service_of, slice_of
from fairway.dns.wire import HEADER, IS_AUTHORITATIVE, IS_TRUNCATED, OPT_BYTES, head, read_query, write
from fairway.dns.zone import Zone
from fairway.objects import Object

ZONE = "cluster.local"


def service(name: str, namespace: str = "default", *, ip: str | list[str] = "", ports: Any = (), **spec: Any) -> Object:
    ips = [ip] if isinstance(ip, str) else ip
    more = {"clusterIP": ips[0], "clusterIPs": ips} if ips[0] else {}
    listed = [
        {"name": name, "protocol": protocol, "port": port, "targetPort": port}
        for name, protocol, port in ports
    ]  # fmt: skip
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {**more, "ports": listed, **spec}}


def endpoint_slice(
    name: str, endpoints: list[dict[str, Any]], namespace: str = "default", *, family: str = "IPv4", ports: Any = ()
) -> Object:  # fmt: skip
    return {
        "metadata": {
            "name": f"{name}-x", "namespace": namespace, "labels": {"kubernetes.io/service-name": name},
        },
        "addressType": family,
        "ports": [{"name": name, "protocol": protocol, "port": port} for name, protocol, port in ports],
        "endpoints": endpoints,
    }  # fmt: skip


def at(ip: str, hostname: str = "", **conditions: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"addresses": [ip], "conditions": {"ready": True, **conditions}}
    return {**made, "hostname": hostname} if hostname else made


def zone_of(*objects: Object) -> Zone:
    zone = Zone(ZONE, addresses=["10.96.0.10"], cidrs=("10.96.0.0/16", "10.244.0.0/16", "fd00:96::/112"), serial=7)
    for each in objects:
        meta = each["metadata"]
        if "addressType" in each:
            zone.put_slice(f"{meta['namespace']}/{meta['name']}", None, slice_of(each))
        else:
            zone.put_service(meta["namespace"], meta["name"], service_of(each))
    return zone


def ask(zone: Zone, name: str, kind: str = "A", *, room: int = 4096) -> dns.message.Message | None:
    """The whole answer as dnspython reads it; ``None`` if others would be asked."""
    query = dns.message.make_query(name, kind, use_edns=False).to_wire()
    read = read_query(query)
    place = zone.find(read.name)
    if place is None:
        return None
    said = say(zone, read.name, read.type, place)
    body = write(read.name, said.sections, room - read.end - OPT_BYTES)
    flags = IS_AUTHORITATIVE | (IS_TRUNCATED if body.is_truncated else 0)
    made = query[:2] + head(read, said.sections.rcode, body.counts, flags) + query[HEADER : read.end] + body.content
    return dns.message.from_wire(made)


def lines(answer: dns.message.Message | None, section: str = "answer") -> list[str]:
    """``name type data`` of each record."""
    assert answer is not None
    return sorted(
        f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {data}"
        for rrset in getattr(answer, section)
        for data in rrset
    )


def status(answer: dns.message.Message | None) -> str:
    """``NODATA``, ``NOERROR``, ``NXDOMAIN`` ...; negative answers must carry the SOA."""
    assert answer is not None
    code = dns.rcode.to_text(answer.rcode())
    if code == "NXDOMAIN" or (code == "NOERROR" and not answer.answer):
        assert [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]
        return "NODATA" if code == "NOERROR" else code
    return code
