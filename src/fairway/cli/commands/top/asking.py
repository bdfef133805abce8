"""Asking for usage, and its amounts in kubectl's words; for both commands."""

from fairway.cli.failure import Failure, UsageFailure
from fairway.cli.flags import Flag
from fairway.client.blocking.errors import ApiError
from fairway.objects.quantity import ZERO, Quantity, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from fairway.cli.call import Call

API = "/apis/metrics.k8s.io/v1beta1"
NO_METRICS = "Metrics API not available"
COMMON_FLAGS = (
    Flag("no-headers", type="bool", help="no line of headers"),
    Flag("selector", "l", help="only those with these labels (key1=value1,key2!=value2,key in (a,b))"),
    Flag("show-swap", type="bool", help="show what is used of swap, too"),
    Flag("sort-by", help="what uses most first: cpu or memory"),
    Flag("use-protocol-buffers", type="bool", default=True, help="taken for kubectl's sake", is_hidden=True),
)
_MEBIBYTE = 1 << 20


def name_of(call: "Call") -> str:
    """The name that is given, if any.  Raises: ``Failure``."""
    if len(call.words) > 1:
        raise UsageFailure(f"{call.command.rpartition(' ')[2]} [NAME | -l label]")
    if call.flags.sort_by not in ("", "cpu", "memory"):
        raise Failure("--sort-by accepts only cpu or memory")
    return call.words[0] if call.words else ""


def asked(call: "Call", path: str, name: str, query: "dict[str, Any]") -> "list[dict[str, Any]]":
    """What is told of ``name``, or of all.  Raises: ``Failure`` where nobody measures; ``ApiError``."""
    try:
        if name:
            return [call.session.api.get(f"{path}/{name}")]
        found: list[dict[str, Any]] = call.session.api.get(path, query)["items"]
        return found
    except ApiError as error:
        if error.is_not_found and not (error.status.get("details") or {}).get("name"):
            raise Failure(NO_METRICS) from None
        raise


def amount(usages: "Iterable[dict[str, str]]", name: str) -> Quantity:
    """The sum of what is used."""
    return sum((parse(each[name]) for each in usages if name in each), ZERO)


def millicores(used: Quantity) -> str:
    """``12m``."""
    return f"{used.milli}m"


def mebibytes(used: Quantity) -> str:
    """``12Mi``."""
    return f"{used.whole // _MEBIBYTE}Mi"


def ordered(
    found: "list[dict[str, Any]]", usages: "dict[int, list[dict[str, str]]]", by: str
) -> "list[dict[str, Any]]":
    """By namespace and name; the largest first if ``by`` says of what.  ``usages`` are those of each, by its id."""
    found = sorted(found, key=lambda each: (each["metadata"].get("namespace", ""), each["metadata"]["name"]))
    return sorted(found, key=lambda each: -amount(usages[id(each)], by).nano) if by else found
