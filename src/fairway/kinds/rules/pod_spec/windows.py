"""Rules of what is said to Windows: options of security contexts, and containers that are processes of the host.

Source: Kubernetes API reference, "WindowsSecurityContextOptions v1 core"; KEP-1981.
"""

import re
from collections.abc import Iterator

from fairway.kinds.rules.pod_spec.places import containers
from fairway.kinds.rules.values import dns_subdomain
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value

_CREDENTIALS_MAX_KIB, _DOMAIN_MAX, _USER_MAX = 64, 256, 104
_has_control = re.compile(r"[\x00-\x1f\x7f]").search
_is_net_bios = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}').fullmatch
_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_is_dns = re.compile(rf"{_LABEL}(?:\.{_LABEL})*").fullmatch
_has_reserved = re.compile(r'["/\\:;|=,+*?<>@\[\]]').search
_RESERVED = r"""runAsUserName's User cannot contain the following characters: "/\:;|=,+*?<>@[]"""


def options(path: str, found: Object | None) -> Iterator[Problem]:
    """The ``windowsOptions`` of a pod or a container."""
    if found is None:
        return
    if (name := found.get("gmsaCredentialSpecName")) is not None:
        yield from dns_subdomain(f"{path}.gmsaCredentialSpecName", name)
    if (credentials := found.get("gmsaCredentialSpec")) is not None:
        here = f"{path}.gmsaCredentialSpec"
        if not credentials:
            yield invalid_value(here, credentials, "gmsaCredentialSpec cannot be an empty string")
        elif len(credentials.encode(errors="surrogatepass")) > _CREDENTIALS_MAX_KIB * 1024:
            yield invalid_value(here, credentials, f"gmsaCredentialSpec size must be under {_CREDENTIALS_MAX_KIB} KiB")
    if (user := found.get("runAsUserName")) is not None:
        for fault in _faults(user):
            yield invalid_value(f"{path}.runAsUserName", user, fault)


def _faults(value: str) -> Iterator[str]:
    if not value:
        yield "runAsUserName cannot be an empty string"
    elif _has_control(value):
        yield "runAsUserName cannot contain control characters"
    elif value.count("\\") > 1:
        yield "runAsUserName cannot contain more than one backslash"
    else:
        domain, backslash, user = value.rpartition("\\")
        yield from _faults_of_parts(domain, user, has_domain=bool(backslash))


def _faults_of_parts(domain: str, user: str, *, has_domain: bool) -> Iterator[str]:
    if len(domain) >= _DOMAIN_MAX:
        yield f"runAsUserName's Domain length must be under {_DOMAIN_MAX} characters"
    if has_domain and not (_is_net_bios(domain) or _is_dns(domain)):
        yield "runAsUserName's Domain doesn't match the NetBios nor the DNS format"
    if not user:
        yield "runAsUserName's User cannot be empty"
    elif len(user) > _USER_MAX:
        yield f"runAsUserName's User length must not be longer than {_USER_MAX} characters"
    if user and not user.strip(". "):
        yield "runAsUserName's User cannot contain only periods or spaces"
    if _has_reserved(user):
        yield _RESERVED


def host_processes(path: str, spec: Object) -> Iterator[Problem]:
    """All of a pod's containers are processes of the host, on its network, or none is."""
    of_pod = ((spec.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    count = on_host = 0
    for here, container in containers(path, spec):
        own = ((container.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
        count += 1
        if of_pod is not None and own is not None and of_pod != own:
            text = f"pod hostProcess value must be identical if both are specified, was {str(of_pod).lower()}"
            yield invalid_value(f"{here}.securityContext.windowsOptions.hostProcess", own, text)
        on_host += bool(of_pod if own is None else own)
    if not on_host:
        return
    if on_host != count:
        text = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        yield invalid_value(path, "", text)
    if not spec.get("hostNetwork"):
        text = "hostNetwork must be true if pod contains any hostProcess containers"
        yield invalid_value(f"{path}.hostNetwork", False, text)
