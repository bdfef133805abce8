"""Authentication: who a request comes from, by its client certificate or its service-account token.

Source: Kubernetes docs, "Authenticating", "X509 client certificates", "Service account tokens", "Anonymous requests".
"""

from collections.abc import Mapping

from fairway.apiserver.call import ANONYMOUS, AUTHENTICATED, User
from fairway.apiserver.tokens.claims import CREDENTIAL
from fairway.apiserver.tokens.issuer import Issuer
from fairway.objects.errors import unauthorized
from fairway.transport.interface import Peer

_REMEMBERED = 1024


class Authenticator:
    """Remembers the users of certificates that it has seen, so that a request costs a look-up."""

    def __init__(self, tokens: Issuer | None = None) -> None:
        self._tokens = tokens
        self._users: dict[tuple[str, tuple[str, ...], str], User] = {}

    def user(self, peer: Peer, headers: Mapping[str, str]) -> User:
        """The user.  Raises: ``StatusError`` 401 for a token that nobody issued."""
        found = self._certified(peer) if peer.common_name else None
        if found is None:
            # A certificate is enough; only without one is the token asked for.
            token = _token(headers)
            found = ANONYMOUS if token is None else self._bearing(token)
        return found

    def notes(self, peer: Peer, headers: Mapping[str, str]) -> dict[str, str]:
        """What the audit log is told of how somebody came."""
        token = None if peer.common_name else _token(headers)
        stale = self._tokens.stale(token) if token and self._tokens is not None else ""
        return {"authentication.k8s.io/stale-token": stale} if stale else {}

    def _bearing(self, token: str) -> User:
        found = self._tokens.user(token) if self._tokens is not None else None
        if found is None:
            raise unauthorized()
        return found[0]

    def _certified(self, peer: Peer) -> User:
        key = (peer.common_name, peer.organizations, peer.fingerprint)
        found = self._users.get(key)
        if found is None:
            if len(self._users) >= _REMEMBERED:
                self._users.clear()
            extra = {CREDENTIAL: (f"X509SHA256={peer.fingerprint}",)} if peer.fingerprint else {}
            found = self._users[key] = User(peer.common_name, (*peer.organizations, AUTHENTICATED), extra=extra)
        return found


def _token(headers: Mapping[str, str]) -> str | None:
    given = headers.get("authorization", "")
    return given[7:].strip() if given[:7].lower() == "bearer " else None
