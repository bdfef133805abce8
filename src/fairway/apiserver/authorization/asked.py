"""Asked: what a request wants to do, and the answer to those who may not.

Pure.  Source: Kubernetes docs, "Authorization", "Request attributes used in authorization".
"""

from typing import NamedTuple

from fairway.apiserver.call import User
from fairway.objects.errors import StatusError


class Asked(NamedTuple):
    """What a request wants to do: to a resource, or to a ``path`` that is none."""

    verb: str
    group: str = ""
    plural: str = ""
    subresource: str = ""
    namespace: str | None = None
    name: str = ""
    path: str = ""

    @property
    def resource(self) -> str:
        """``pods`` or ``pods/log``."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural


def denied(user: User, asked: Asked) -> StatusError:
    """The 403 that says who may not do what."""
    if asked.path:
        text = f'forbidden: User "{user.name}" cannot {asked.verb} path "{asked.path}"'
        return StatusError(403, "Forbidden", text)
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    named = f"{asked.plural}{'.' + asked.group if asked.group else ''}" + (f' "{asked.name}"' if asked.name else "")
    text = (
        f'{named} is forbidden: User "{user.name}" cannot {asked.verb} resource "{asked.resource}" '
        f'in API group "{asked.group}" {where}'
    )
    details = {"name": asked.name, "group": asked.group, "kind": asked.plural}
    return StatusError(403, "Forbidden", text, {key: value for key, value in details.items() if value})
