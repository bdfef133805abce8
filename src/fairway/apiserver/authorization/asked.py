"""Asked: what a request wants to do, and the answer to those who may not.

Pure.  Source: Kubernetes docs, "Authorization", "Request attributes used in authorization".
"""

from typing import NamedTuple

from fairway.apiserver.call import User
from fairway.kinds import NAMESPACE
from fairway.kinds.kind import Kind
from fairway.objects import fields
from fairway.objects.errors import StatusError

_OF_COLLECTIONS = frozenset({"list", "watch", "deletecollection"})


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


def attributes(
    verb: str, kind: Kind, namespace: str | None, name: str = "", subresource: str = "", selector: str = ""
) -> Asked:
    """What a request wants.  A namespace is within itself; a field ``selector`` of one name asks for that name only."""
    if kind is NAMESPACE:
        namespace = name or None
    if not name and selector and verb in _OF_COLLECTIONS:
        name = _only_name(selector)
    return Asked(verb, kind.group, kind.plural, subresource, namespace, name)


def _only_name(selector: str) -> str:
    """The name that a field selector asks for; empty if it leaves that open, or is none."""
    try:
        terms = tuple(fields.terms(selector))
    except StatusError:
        return ""  # the verb says what is wrong with it
    return next((term.value for term in terms if term.field == "metadata.name" and term.equal), "")


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
