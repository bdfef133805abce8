"""The ``why`` subresource: whether a Service, a pod or an Ingress works, and why not.  Fairway's own.

What is looked at is what the user himself may look at: the answer tells nobody more than he could find out.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fairway.apiserver.authorization import attributes
from fairway.apiserver.call import Call
from fairway.apiserver.reply import Made
from fairway.apiserver.verbs.get import current
from fairway.kinds import ALL, NAMESPACE
from fairway.objects.errors import StatusError, bad_request
from fairway.why.answering import Known, answering
from fairway.why.asking import caller
from fairway.why.facts import Look, Question, Seen
from fairway.why.locations import parsed

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_KINDS = {(kind.group, kind.plural): kind for kind in ALL}
_ISSUER = "https://kubernetes.default.svc."


async def get_why(call: Call, api: "Api") -> Made:
    """GET.  Raises: ``StatusError`` 404; 400 for a caller that is none."""
    current(call, api)
    steps = answering(_question(call), _known(api))
    try:
        asked: Sequence[Look] = next(steps)
        while True:
            seen = await asyncio.gather(*(_see(look, call, api) for look in asked))
            asked = steps.send(seen)
    except StopIteration as end:
        return Made(end.value.object())


def _question(call: Call) -> Question:
    """What is asked; below a namespace it is about an address, as a caller in it types it.  Raises: ``StatusError``."""
    options, is_address = call.options, call.kind is NAMESPACE
    namespace = call.name if is_address else call.namespace or ""
    try:
        who = caller(options.get("from", ""), namespace)
    except ValueError as error:
        raise bad_request(f"from: {error}") from error
    if is_address:
        try:
            parsed(options.get("address", ""))
        except ValueError as error:
            raise bad_request(f"address: {error}") from error
    return Question(
        "URL" if is_address else call.kind.name, namespace, options["address"] if is_address else call.name, who,
        options.get("port", ""), options.get("protocol", "").upper(),
    )  # fmt: skip


def _known(api: "Api") -> Known:
    domain = api.settings.token_issuer.removeprefix(_ISSUER)
    return Known(domain, enforces_policies=False) if "://" not in domain else Known(enforces_policies=False)


async def _see(look: Look, call: Call, api: "Api") -> Seen:
    """One look, with the rights of the user who asks."""
    kind = _KINDS.get((look.group, look.plural))
    if kind is None:
        return Seen()
    verb = "get" if look.name else "list"
    asked = attributes(verb, kind, look.namespace or None, look.name, look.subresource, look.fields)
    if not api.authorizer.is_allowed(call.user, asked):
        return Seen(refused=f'forbidden: user "{call.user.name}" may not {verb} {look.plural}')
    options: dict[str, Any] = {"labelSelector": look.labels, "fieldSelector": look.fields, "limit": look.limit or ""}
    try:
        found = await api.call(
            verb, kind, namespace=look.namespace or None, name=look.name, subresource=look.subresource,
            options={name: str(value) for name, value in options.items() if value},
        )  # fmt: skip
    except StatusError as error:
        return Seen() if error.code == 404 else Seen(refused=str(error))
    return Seen((found,)) if look.name else Seen(found["items"])
