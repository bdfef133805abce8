"""Issuer: signs service-account tokens with the cluster's key and says whom a bearer token stands for.

Shape: ``sign`` and ``user`` are what requests use; a token that was seen is a look-up, and its account and pod are
looked at every time.  ``document`` answers the two addresses of OpenID discovery.
Rules for those who change it: PyJWT and cryptography (14 MB) are loaded with the first token, or by ``prepare`` beside
the event loop once a pod comes; never at start.
Source: KEP-1205, KEP-1393 (OIDC discovery); RFC 7517.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from fairway.apiserver.cache import Cache
from fairway.apiserver.call import User
from fairway.apiserver.tokens import bootstrap
from fairway.apiserver.tokens.claims import LEGACY_ISSUER, Bound, Verified, verified, verified_secret
from fairway.kinds import NODE, POD, SECRET, SERVICE_ACCOUNT
from fairway.kinds.kind import Kind
from fairway.objects.meta import unix_seconds
from fairway.transport.interface import Request, Response

if TYPE_CHECKING:
    from jwt.types import Options

    from fairway.apiserver.tokens.keys import Keys

JWKS_PATH = "/openid/v1/jwks"
CONFIGURATION_PATH = "/.well-known/openid-configuration"
_KINDS: dict[str, Kind] = {"serviceaccount": SERVICE_ACCOUNT, "pod": POD, "secret": SECRET, "node": NODE}
_REMEMBERED = 4096
_AFTER_END_S = 60.0
"""How long a token outlives the grace period of what it is bound to."""


class Issuer:
    """``name`` is the issuer's URL and, for requests that name no other, the audience."""

    def __init__(self, key_file: Path, name: str, server: str, cache: Cache, clock: Callable[[], float]) -> None:
        self.name = name
        self._key_file = key_file
        self._server = server
        self._cache = cache
        self._clock = clock
        self._is_prepared = False
        self._seen: dict[bytes, Verified] = {}

    def prepare(self) -> None:
        """A token will be wanted soon: import and read what the first one needs, beside the event loop."""
        if not self._is_prepared:
            self._is_prepared = True
            loading = asyncio.get_running_loop().run_in_executor(None, lambda: self._keys)
            # What is wrong with the key is told to whoever wants a token.
            loading.add_done_callback(lambda done: done.exception())

    @cached_property
    def _keys(self) -> "Keys":
        from fairway.apiserver.tokens import keys

        return keys.read(self._key_file)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The token that says ``claims``."""
        keys = self._keys
        import jwt

        return jwt.encode(dict(claims), keys.private, keys.algorithm, {"kid": keys.id})

    def user(self, token: str, audiences: Sequence[str] = ()) -> tuple[User, tuple[str, ...]] | None:
        """Whom ``token`` stands for, and which of ``audiences`` it is meant for; ``None`` if it is no good."""
        if (asked := bootstrap.parts(token)) is not None:
            return self._bootstrapping(*asked, audiences)
        key = hashlib.sha256(token.encode()).digest()
        found = self._seen.get(key)
        if found is None:
            found = self._verified(token)
            if found is None:
                return None
            while len(self._seen) >= _REMEMBERED:
                del self._seen[next(iter(self._seen))]
            self._seen[key] = found
        meant = tuple(one for one in audiences or (self.name,) if one in found.audiences)
        if not meant or not found.is_current(self._clock()):
            return None
        if not all(self._is_there(found.namespace, one) for one in found.bound):
            return None
        return found.user, meant

    def refusal(self, token: str, audiences: Sequence[str] = ()) -> str:
        """Why ``user`` finds nobody, as a review tells it."""
        none = "invalid bearer token"
        found = None if bootstrap.parts(token) is not None else self._verified(token)
        if found is None:
            return none
        wanted, now_s = audiences or (self.name,), self._clock()
        if not set(wanted) & set(found.audiences):
            why = f"token audiences {quoted(found.audiences)} is invalid for the target audiences {quoted(wanted)}"
        elif now_s < found.ends_s and not found.is_current(now_s):
            why = "service account token is not valid yet"
        elif not found.is_current(now_s):
            why = "service account token has expired"
        else:
            why = "service account token has been invalidated"
        return f"[{none}, {why}]"

    def stale(self, token: str) -> str:
        """What the audit log is told of a token whose bearer should have read a newer one."""
        found = self._seen.get(hashlib.sha256(token.encode()).digest())
        late_s = self._clock() - found.stale_s if found is not None else 0
        if found is None or late_s <= 0:
            return ""
        return f"subject: {found.user.name}, seconds after warning threshold: {int(late_s)}"

    def _bootstrapping(self, id_: str, secret: str, audiences: Sequence[str]) -> tuple[User, tuple[str, ...]] | None:
        """As ``user``, for a bootstrap token; it is meant for this server and nobody else."""
        stored = self._cache.get(SECRET, bootstrap.NAMESPACE, bootstrap.secret_name(id_))
        found = bootstrap.user(stored.object, id_, secret, self._clock()) if stored is not None else None
        meant = tuple(one for one in audiences or (self.name,) if one == self.name)
        return (found, meant) if found is not None and meant else None

    def _verified(self, token: str) -> Verified | None:
        keys = self._keys
        import jwt

        try:
            found = jwt.decode(token, keys.public, [keys.algorithm], _unbounded(), issuer=(self.name, LEGACY_ISSUER))
            if found["iss"] == LEGACY_ISSUER:
                return verified_secret(found, token, self.name)
            return verified(found)
        except (jwt.InvalidTokenError, ValueError):
            return None

    def _is_there(self, namespace: str, bound: Bound) -> bool:
        stored = self._cache.get(_KINDS[bound.kind], None if bound.kind == "node" else namespace, bound.name)
        if stored is None:
            return False
        if bound.holds:
            is_held = (stored.object.get("data") or {}).get("token") == bound.holds
            return is_held and "deletionTimestamp" not in stored.object["metadata"]
        if stored.object["metadata"]["uid"] != bound.uid:
            return False
        ends = stored.object["metadata"].get("deletionTimestamp")
        return not ends or self._clock() < unix_seconds(ends) + _AFTER_END_S

    # OpenID discovery

    def document(self, request: Request) -> Response | None:
        """The configuration or the keys, for those who check tokens elsewhere."""
        if request.path == JWKS_PATH:
            return Response(200, orjson.dumps({"keys": [self._keys.jwk]}), "application/jwk-set+json", _KEPT)
        if request.path == CONFIGURATION_PATH:
            configuration = {
                "issuer": self.name, "jwks_uri": f"{self._server}{JWKS_PATH}", "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [self._keys.algorithm],
            }  # fmt: skip
            return Response(200, orjson.dumps(configuration), headers=_KEPT)
        return None


def _unbounded() -> "Options":
    """Times and audiences are looked at whenever a token is shown, not only the first time."""
    return {
        "verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False,
        "require": ["iss", "sub"],
    }  # fmt: skip


_KEPT = [("Cache-Control", "public, max-age=3600")]


def quoted(texts: Sequence[str]) -> str:
    """A list of texts as Go shows it: ``["a" "b"]``."""
    return f"[{' '.join(orjson.dumps(text).decode() for text in texts)}]"
