"""Draining: pods are asked to leave a node, by eviction or by deletion, and waited for.

Source: what ``kubectl drain`` does and says.
"""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from fairway.cli.arguments import Target
from fairway.cli.failure import Failure, told
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.writing import Writing
    from fairway.client.blocking import Api

    Object = dict[str, Any]

_AGAIN_S = 5.0
"""How long a refused eviction waits, as upstream's does."""
_AT_ONCE = 16
_NO_LIMIT_S = 168 * 3600.0


class Draining:
    """The pods of one node on their way out."""

    def __init__(self, call: "Call", writing: "Writing", pods: "list[Object]") -> None:
        self._call, self._writing, self._pods = call, writing, pods
        self._resource = call.session.resources.find("pods")
        self._deadline = time.monotonic() + (call.flags.timeout or _NO_LIMIT_S)
        self._printing = threading.Lock()

    def run(self) -> list[Exception]:
        """Have all of them leave, and wait; what went wrong."""
        if not self._pods:
            return []
        failures: list[Exception] = []
        with ThreadPoolExecutor(min(_AT_ONCE, len(self._pods))) as at_once:
            for each in [at_once.submit(self._one, pod) for pod in self._pods]:
                error = each.exception()
                if isinstance(error, Exception):
                    failures.append(error)
                elif error is not None:
                    raise error
        return failures

    def _one(self, pod: "Object") -> None:
        from fairway.cli.session import Session

        api = Session(self._call.flags).api  # a connection of its own
        metadata = pod["metadata"]
        target = Target(self._resource, metadata["namespace"], metadata["name"])
        if self._call.flags.disable_eviction:
            self._removed(api, target)
        else:
            self._evicted(api, target)
        if self._writing.strategy == "none":
            self._wait(api, target, metadata["uid"])
            self._say(f"pod/{target.name} {'deleted' if self._call.flags.disable_eviction else 'evicted'}")

    def _options(self) -> "Object":
        seconds = self._call.flags.grace_period
        return {"gracePeriodSeconds": seconds} if seconds >= 0 else {}

    def _removed(self, api: "Api", target: Target) -> None:
        try:
            api.delete(target.path, self._options(), self._writing.query())
        except ApiError as error:
            if not error.is_not_found:
                raise

    def _evicted(self, api: "Api", target: Target) -> None:
        suffix = " (server dry run)" if self._writing.strategy == "server" else ""
        body = {
            "apiVersion": "policy/v1", "kind": "Eviction", "deleteOptions": self._options(),
            "metadata": {"name": target.name, "namespace": target.namespace},
        }  # fmt: skip
        what = f'error when evicting pods/"{target.name}" -n "{target.namespace}"'
        while True:
            self._say(f"evicting pod {target.namespace}/{target.name}{suffix}")
            try:
                api.create(target.below("eviction"), body, self._writing.query())
                return
            except ApiError as error:
                if error.is_not_found:
                    return
                if error.code != 429:
                    raise Failure(f"{what}: {error.message}") from None
                self._say(f"{what} (will retry after 5s): {error.message}", is_error=True)
            if time.monotonic() + _AGAIN_S > self._deadline:
                timeout = self._call.flags.timeout
                raise Failure(f"{what}: global timeout reached: {_shown(timeout)}")
            # Nobody tells when a budget has room again: upstream asks as often.
            time.sleep(_AGAIN_S)

    def _wait(self, api: "Api", target: Target, uid: str) -> None:
        from fairway.cli.writing.gone import wait_until_gone

        timeout = self._call.flags.timeout
        try:
            wait_until_gone(api, [(target, uid)], max(0.001, self._deadline - time.monotonic()) if timeout else 0)
        except Failure:
            where = f'error when waiting for pod "{target.name}" in namespace "{target.namespace}" to terminate'
            raise Failure(f"{where}: global timeout reached: {_shown(timeout)}") from None

    def _say(self, text: str, *, is_error: bool = False) -> None:
        with self._printing:
            print(text, file=sys.stderr if is_error else sys.stdout, flush=True)


def _shown(seconds: float) -> str:
    return f"{seconds:g}s"


def aggregated(failures: "list[Exception]") -> str:
    """Several failures as one text."""
    texts = [told(each).removeprefix("error: ") for each in failures]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
