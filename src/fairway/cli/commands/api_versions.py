"""List the groups and versions that the server has, one a line: apps/v1."""

from fairway.cli.failure import UsageFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

FLAGS = ()


def run(call: "Call") -> int:
    """Ask, and print."""
    if call.words:
        raise UsageFailure(f"unexpected arguments: [{' '.join(call.words)}]")
    api = call.session.api
    found = list(api.get("/api").get("versions") or ())
    for group in api.get("/apis").get("groups") or ():
        found += [version["groupVersion"] for version in group["versions"]]
    print("\n".join(sorted(found)))
    return 0
