"""Print the version of Fairway, the Kubernetes version it speaks, and the server's if it is asked.

fairway version                 of this program
fairway version --with-server   and of the API server that the kubeconfig leads to
fairway version -o json         as JSON, with the server's
"""

import sys

from fairway import __version__
from fairway.cli.failure import Failure
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

KUBERNETES = "v1.36"
"""The version of the Kubernetes API that this program speaks."""
FLAGS = (
    Flag("client", type="bool", help="of this program only, whatever the format"),
    Flag("json", type="bool", help="the same as -o json"),
    Flag("output", "o", help="json or yaml"),
    Flag("with-server", type="bool", help="of the API server, too"),
)


def run(call: "Call") -> int:
    """Two short lines, or a document."""
    flags = call.flags
    if call.words:
        raise Failure(f"extra arguments: [{' '.join(call.words)}]")
    form = "json" if flags.json else flags.output
    if form not in ("", "json", "yaml"):
        raise Failure("--output must be 'yaml' or 'json'")
    is_asked = (flags.with_server or bool(form)) and not flags.client
    try:
        server = call.session.api.get("/version") if is_asked else {}
    except Exception:
        # What is known without the server is printed; why there is no more of it, after it.
        sys.stdout.write(document_text({}, form) if form else _short())
        raise
    if form:
        sys.stdout.write(document_text(server, form))
        return 0
    sys.stdout.write(_short())
    if server:
        print(f"Server Version: {server['gitVersion']}")
    return 0


def _short() -> str:
    return f"fairway {__version__}\nkubernetes API {KUBERNETES}\n"


def document_text(server: "dict[str, Any]", form: str) -> str:
    """Both versions as JSON or YAML.  Pure, but for what this interpreter is."""
    from fairway.cli.printers.documents import Declared

    major, minor = KUBERNETES.removeprefix("v").split(".")
    client = Declared(
        major=major,
        minor=minor,
        gitVersion=f"{KUBERNETES}.0+fairway-{__version__}",
        compiler=sys.implementation.name,
        platform=f"{sys.platform}",
    )
    found = Declared(clientVersion=client)
    if server:
        found["serverVersion"] = Declared(server)
    if form == "yaml":
        from fairway.cli.printers.documents import yaml_text

        return yaml_text(found)
    import json

    return json.dumps(found, indent=2) + "\n"
