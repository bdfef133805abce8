"""Authentication: who a request comes from, by its client certificate or its service-account token.

Source: Kubernetes docs, "Authenticating", "X509 client certificates", "Service account tokens", "Anonymous requests",
"User impersonation".
"""

from collections.abc import Mapping

from fairway.apiserver.call import ANONYMOUS, AUTHENTICATED, User
from fairway.apiserver.tokens.issuer import Issuer
from fairway.objects.errors import StatusError, bad_request, unauthorized
from fairway.transport.interface import Peer

MASTERS = "system:masters"
_REMEMBERED = 1024


class Authenticator:
    """Remembers the users of certificates that it has seen, so that a request costs a look-up."""

    def __init__(self, tokens: Issuer | None = None) -> None:
        self._tokens = tokens
        self._users: dict[tuple[str, tuple[str, ...]], User] = {}

    def user(self, peer: Peer, headers: Mapping[str, str]) -> User:
        """The user.  Raises: ``StatusError`` 401 for a token that nobody issued; 403 or 400 for impersonation."""
        found = self._certified(peer) if peer.common_name else None
        if found is None:
            # A certificate is enough; only without one is the token asked for.
            given = headers.get("authorization", "")
            found = self._bearing(given[7:].strip()) if given[:7].lower() == "bearer " else ANONYMOUS
        if headers.get("impersonate-user"):
            return impersonated(found, headers)
        if "impersonate-group" in headers or "impersonate-uid" in headers:
            # Doing as oneself what was meant to be done with fewer rights would be the wrong guess.
            raise bad_request("requested a group or uid without impersonating a user")
        return found

    def _bearing(self, token: str) -> User:
        found = self._tokens.user(token) if self._tokens is not None else None
        if found is None:
            raise unauthorized()
        return found[0]

    def _certified(self, peer: Peer) -> User:
        key = (peer.common_name, peer.organizations)
        found = self._users.get(key)
        if found is None:
            if len(self._users) >= _REMEMBERED:
                self._users.clear()
            found = self._users[key] = User(peer.common_name, (*peer.organizations, AUTHENTICATED))
        return found


def impersonated(user: User, headers: Mapping[str, str]) -> User:
    """The user that ``user`` acts as.  Raises: ``StatusError`` 403 unless ``user`` may do everything."""
    name = headers["impersonate-user"]
    if MASTERS not in user.groups:
        why = f'User "{user.name}" cannot impersonate resource "users" in API group "" at the cluster scope'
        raise StatusError(403, "Forbidden", f'users "{name}" is forbidden: {why}', {"name": name, "kind": "users"})
    groups = tuple(filter(None, (group.strip() for group in headers.get("impersonate-group", "").split(","))))
    if name == ANONYMOUS.name:
        return User(name, groups or ANONYMOUS.groups)
    return User(name, groups if AUTHENTICATED in groups else (*groups, AUTHENTICATED))
