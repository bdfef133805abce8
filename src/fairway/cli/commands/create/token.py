"""Print a new token of a service account.

fairway create token default --duration=1h --audience=https://kubernetes.default.svc
"""

import sys

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import Writing
from fairway.cli.writing.generated import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "SERVICE_ACCOUNT_NAME"
FLAGS = (
    *OUTPUT_FLAGS,
    Flag("audience", type="array", help="who may take the token; may be repeated"),
    Flag("duration", type="duration", help="how long it is good, such as 1h; 0 as long as the server says"),
    Flag("bound-object-kind", help="the kind of the object that it lives as long as: Pod, Secret or Node"),
    Flag("bound-object-name", help="the name of that object"),
    Flag("bound-object-uid", help="the UID of that object"),
)
_BOUND = {"Node": "v1", "Pod": "v1", "Secret": "v1"}


def run(call: "Call") -> int:
    """Ask for it."""
    from fairway.client.blocking import ApiError

    name, flags = name_of(call), call.flags
    spec: dict[str, Any] = {"audiences": flags.audience or None}
    if flags.duration < 0:
        raise Failure("--duration must be greater than or equal to 0")
    if flags.duration % 1:
        raise Failure("--duration cannot be expressed in units less than seconds")
    spec["expirationSeconds"] = int(flags.duration) or None
    spec["boundObjectRef"] = _bound(flags)
    body = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": {}, "spec": spec}
    path = f"/api/v1/namespaces/{call.session.namespace}/serviceaccounts/{name}/token"
    try:
        found = call.session.api.create(path, body)
    except ApiError as error:
        raise Failure(f"failed to create token: {error}") from None
    token = (found.get("status") or {}).get("token")
    if not token:
        raise Failure("failed to create token: no token in server response")
    writing = Writing(call, is_typed=True)
    if writing.printer is None:
        sys.stdout.write(f"{token}\n")
    else:
        writing.told(found, "created")
    return 0


def _bound(flags: "Any") -> "dict[str, Any] | None":
    kind, name, uid = flags.bound_object_kind, flags.bound_object_name, flags.bound_object_uid
    if not kind:
        if name:
            raise Failure("--bound-object-name can only be set if --bound-object-kind is provided")
        if uid:
            raise Failure("--bound-object-uid can only be set if --bound-object-kind is provided")
        return None
    if kind not in _BOUND:
        raise Failure(f"supported --bound-object-kind values are {', '.join(_BOUND)}")
    if not name:
        raise Failure("--bound-object-name is required if --bound-object-kind is provided")
    return {"kind": kind, "apiVersion": _BOUND[kind], "name": name, **({"uid": uid} if uid else {})}
