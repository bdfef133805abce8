"""What a Pod may leave out, beyond what every pod spec may."""

from fairway.kinds.rules.pod_spec import fill_spec, whole
from fairway.kinds.rules.values import child, fill
from fairway.objects import Object


def defaults(new: Object) -> None:
    """Fill in the spec; requests follow limits, ports of the host network follow the container's."""
    spec = child(new, "spec")
    fill_spec(spec)
    fill(spec, enableServiceLinks=True)
    for name in ("containers", "initContainers"):
        for container in spec.get(name) or ():
            _requests(container["resources"])
            if spec.get("hostNetwork"):
                for port in container.get("ports") or ():
                    port["hostPort"] = port.get("hostPort") or port.get("containerPort")
    whole.fill_requests(spec)
    _addresses(child(new, "status"))


def _requests(resources: Object) -> None:
    limits = resources.get("limits")
    if not limits:
        return
    requests = resources.get("requests")
    if requests is None:
        requests = resources["requests"] = {}
    for name, amount in limits.items():
        requests.setdefault(name, amount)


def _addresses(status: Object) -> None:
    """``podIP`` is the first of ``podIPs``; an old writer knows only the one."""
    single, several = status.get("podIP"), status.get("podIPs")
    if single and (not several or several[0].get("ip") != single):
        status["podIPs"] = [{"ip": single}]
    elif several and not single:
        status["podIP"] = several[0].get("ip")
