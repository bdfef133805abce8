"""The ``log`` subresource of pods: what a container wrote, now or as it goes on.

Source: Kubernetes API reference, "read log of the specified Pod".
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from fairway.apiserver import web_socket
from fairway.apiserver.call import Call
from fairway.apiserver.list_options import flag, number
from fairway.apiserver.subresources.node_tunnel import NodeAddress, NodeAnswer, open_node
from fairway.apiserver.subresources.pod_node import address_of, container_of, node_name_of
from fairway.apiserver.subresources.proxy.relay import Relay
from fairway.apiserver.verbs.get import current
from fairway.kinds import NODE
from fairway.objects import Object
from fairway.objects.errors import (
    Problem,
    StatusError,
    bad_request,
    invalid,
    invalid_value,
    method_not_allowed,
    not_found,
)
from fairway.transport.interface import Answer, Request, Response

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


_PASSED = ("sinceSeconds", "sinceTime", "tailLines", "limitBytes", "stream")
_FLAGS = ("follow", "previous", "timestamps")
_TEXT = "text/plain"


async def read_log(call: Call, request: Request, api: "Api") -> Answer:
    """GET.  Raises: ``StatusError`` 400 for a container that has no log, 404, 422 for options that cannot be."""
    if request.method not in ("GET", "HEAD"):
        raise method_not_allowed()
    form = web_socket.form_of_bytes(request) if web_socket.is_asked(request) else None
    options = call.options
    problems = list(_problems(options))
    if problems:
        raise invalid("", "PodLogOptions", call.name, problems)
    pod = current(call, api).object
    container = container_of(pod, options.get("container", ""))
    if not pod["spec"].get("nodeName"):
        # Not yet bound: there is no log, which is no error.
        return Response(200, b"", _TEXT)
    _check_started(pod, container, is_previous=flag(options.get("previous")))
    answer = await open_node(
        api.settings.node_tunnel, node_address(pod, api), "GET", _target(pod, container, options),
        [("Connection", "close")],
    )  # fmt: skip
    if answer.status != 200:
        raise await failure_of(answer)
    stream = Relay(answer, answer.pieces()).stream(_TEXT, [])
    return stream if form is None else web_socket.upgraded(request, stream, form)


def node_address(pod: Object, api: "Api") -> NodeAddress:
    """Raises: ``StatusError`` 404 if the pod's node is not known."""
    name = node_name_of(pod)
    node = api.cache.get(NODE, None, name)
    if node is None:
        raise not_found("", "nodes", name)
    return address_of(node.object)


def _problems(options: Mapping[str, str]) -> Iterator[Problem]:
    for name, lowest in (("tailLines", 0), ("limitBytes", 1), ("sinceSeconds", 1)):
        text = options.get(name)
        if not text:
            continue
        value = number(text)
        if value < lowest:
            yield invalid_value(name, value, f"must be greater than {'or equal to ' if not lowest else ''}0")
    if options.get("sinceSeconds") and options.get("sinceTime"):
        detail = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        yield Problem("", "FieldValueForbidden", f"Forbidden: {detail}")


def _check_started(pod: Object, container: str, *, is_previous: bool) -> None:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    every = [
        *(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ()),
        *(status.get("ephemeralContainerStatuses") or ()),
    ]  # fmt: skip
    found = next((one for one in every if one.get("name") == container), None)
    if found is None:
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating')
    if is_previous:
        if not (found.get("lastState") or {}).get("terminated"):
            raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
        return
    waiting = (found.get("state") or {}).get("waiting")
    if waiting and not (found.get("lastState") or {}).get("terminated"):
        reason, message = waiting.get("reason") or "ContainerCreating", waiting.get("message")
        if reason in ("ErrImagePull", "ImagePullBackOff"):
            detail = f"trying and failing to pull image: {message}" if message else "trying and failing to pull image"
            raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {detail}')
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


def _target(pod: Object, container: str, options: Mapping[str, str]) -> str:
    metadata = pod["metadata"]
    asked = {name: options[name] for name in _PASSED if options.get(name)}
    asked.update({name: "true" for name in _FLAGS if flag(options.get(name))})
    path = f"/containerLogs/{quote(metadata['namespace'])}/{quote(metadata['name'])}/{quote(container)}"
    return path + (f"?{urlencode(asked)}" if asked else "")


async def failure_of(answer: NodeAnswer) -> StatusError:
    """What a node's refusal means to the client."""
    try:
        text = (await answer.body()).decode(errors="replace").strip()
    except ConnectionError as error:
        text = str(error)
    finally:
        answer.close()
    if answer.status == 404:
        return StatusError(404, "NotFound", f"the server could not find the requested resource ( {text} )")
    if answer.status == 400:
        return bad_request(text)
    return StatusError(answer.status if answer.status >= 400 else 500, "InternalError", text or "the node refused")
