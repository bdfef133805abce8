"""Long-lived tokens: a Secret of type ``kubernetes.io/service-account-token`` gets the token of the account it names.

Shape: changes of Secrets and ServiceAccounts make keys of such Secrets due; ``change_of`` (pure) says what one of them
lacks, or that it has to go, as its account has.  A token says no end; it is good while its Secret holds it.
Source: Kubernetes docs, "Manually create a long-lived API token for a ServiceAccount"; "Managing Service Accounts".
"""

import asyncio
import base64
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairway.apiserver.stored import Stored
from fairway.apiserver.tokens.claims import LEGACY, LEGACY_ISSUER, user_name
from fairway.apiserver.tokens.issuer import Issuer
from fairway.apiserver.watchers import ChangeSignal
from fairway.kinds import SECRET, SERVICE_ACCOUNT
from fairway.objects import Object
from fairway.objects.errors import StatusError

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

log = logging.getLogger(__name__)

TYPE = "kubernetes.io/service-account-token"
NAME, UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
_MARK = f'"type":"{TYPE}"'.encode()
_AGENT = "token-controller"
_RETRY_S = 5.0


def account_of(secret: Object) -> str:
    """The name of the account whose token a Secret is for."""
    return str((secret["metadata"].get("annotations") or {}).get(NAME) or "")


def is_orphan(secret: Object, account: Object | None) -> bool:
    """Whether the account that a Secret was made for is not there."""
    if account is None:
        return True
    known = (secret["metadata"].get("annotations") or {}).get(UID)
    return bool(known) and known != account["metadata"]["uid"]


def claims_of(secret: Object, account: Object) -> dict[str, Any]:
    """What the token says."""
    meta = account["metadata"]
    return {
        "iss": LEGACY_ISSUER, f"{LEGACY}/namespace": meta["namespace"],
        f"{LEGACY}/secret.name": secret["metadata"]["name"], f"{LEGACY}/service-account.name": meta["name"],
        f"{LEGACY}/service-account.uid": meta["uid"], "sub": user_name(meta["namespace"], meta["name"]),
    }  # fmt: skip


def filled(secret: Object, account: Object, token: str, root_ca: bytes) -> Object | None:
    """The Secret with all that it should hold, or ``None`` if it does.  ``token`` is put in where there is none."""
    data = dict(secret.get("data") or {})
    data["namespace"] = _base64(account["metadata"]["namespace"].encode())
    if root_ca:
        data["ca.crt"] = _base64(root_ca)
    if not data.get("token"):
        data["token"] = _base64(token.encode())
    annotations = {**(secret["metadata"].get("annotations") or {}), UID: account["metadata"]["uid"]}
    wanted = {**secret, "metadata": {**secret["metadata"], "annotations": annotations}, "data": data}
    return None if wanted == secret else wanted


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class LongLivedTokens:
    """Looks after these Secrets.  ``root_ca`` is the file of the CA that they tell."""

    def __init__(self, api: "Api", issuer: Issuer, root_ca: Path | None) -> None:
        self._api = api
        self._issuer = issuer
        self._root_ca = root_ca
        self._secrets = api.cache.of(SECRET)
        self._due: set[str] = set()
        self._signal: ChangeSignal | None = None

    async def keep(self) -> None:
        """Now and whenever something changes; until cancelled."""
        self._signal = ChangeSignal([self._secrets, self._api.cache.of(SERVICE_ACCOUNT)], self._concerns)
        self._due.update(key for key, stored in self._secrets.live.items() if _is_meant(stored))
        if self._due:
            self._signal.set()
        try:
            while True:
                await self._signal.wait()
                due, self._due = self._due, set()
                for key in due:
                    await self._look_after(key)
        finally:
            self._signal.close()

    def _concerns(self, key: str) -> bool:
        if key.startswith(SECRET.prefix):
            found = [key] if _is_meant(self._secrets.live.get(key)) else []
        else:
            namespace = key.split("/", 4)[3]
            below = self._secrets.keys(f"{SECRET.prefix}{namespace}/")
            found = [one for one in below if _is_meant(self._secrets.live.get(one))]
        self._due.update(found)
        return bool(found)

    async def _look_after(self, key: str) -> None:
        stored = self._secrets.live.get(key)
        if not _is_meant(stored):
            return
        assert stored is not None
        secret = stored.object
        meta = secret["metadata"]
        found = self._api.cache.get(SERVICE_ACCOUNT, meta["namespace"], account_of(secret))
        try:
            if is_orphan(secret, None if found is None else found.object):
                options = {"preconditions": {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}}
                await self._api.call(
                    "delete", SECRET, namespace=meta["namespace"], name=meta["name"], body=options, agent=_AGENT
                )
            elif found is not None:
                await self._fill(secret, found.object)
        except StatusError as error:
            if error.code not in (404, 409):
                log.warning("a token cannot be written yet", extra={"secret": key, "error": error.message})
                self._later(key)

    async def _fill(self, secret: Object, account: Object) -> None:
        has_token = bool((secret.get("data") or {}).get("token"))
        loop = asyncio.get_running_loop()
        # The first signature loads a library, which takes longer than others should wait.
        token = "" if has_token else await loop.run_in_executor(None, self._issuer.sign, claims_of(secret, account))
        root_ca = await loop.run_in_executor(None, self._root_ca.read_bytes) if self._root_ca is not None else b""
        wanted = filled(secret, account, token, root_ca)
        if wanted is not None:
            meta = secret["metadata"]
            await self._api.call(
                "update", SECRET, namespace=meta["namespace"], name=meta["name"], body=wanted, agent=_AGENT
            )

    def _later(self, key: str) -> None:
        def again() -> None:
            self._due.add(key)
            if self._signal is not None:
                self._signal.set()

        asyncio.get_running_loop().call_later(_RETRY_S, again)


def _is_meant(stored: Stored | None) -> bool:
    """Whether it may be one of these; told from the bytes, for few Secrets are."""
    return stored is not None and _MARK in stored.wire and stored.object.get("type") == TYPE
