"""The ``deletecollection`` verb: everything that a list with the same selectors shows goes.

Source: Kubernetes API reference, "Delete Collection".
"""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.apiserver.reply import Page
from fairway.apiserver.stored import Stored
from fairway.apiserver.verbs.delete import delete_one, read_options
from fairway.apiserver.verbs.list import list_
from fairway.objects.errors import StatusError

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_AT_ONCE = 64
_OF_A_LIST = (
    "labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch",
    "sendInitialEvents",
)  # fmt: skip


async def deletecollection(call: Call, api: "Api") -> Page:
    """The objects as they were.  Raises: ``StatusError``; what went before stays gone.

    Every option of a list counts: who asks with a limit has as many deleted, and goes on where that ended.
    """
    options = read_options(call)
    asked = {name: call.options[name] for name in _OF_A_LIST if name in call.options}
    listed = list_(replace(call, options=asked), api)
    page = listed if isinstance(listed, Page) else await listed
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(stored: Stored) -> None:
        metadata = stored.object["metadata"]
        async with turns:
            try:
                single = replace(call, namespace=metadata.get("namespace"), name=metadata["name"])
                await delete_one(single, api, options)
            except StatusError as error:
                if error.code != 404:
                    raise

    await asyncio.gather(*[one(stored) for stored in page.items])
    return replace(page, whole_prefix="")
