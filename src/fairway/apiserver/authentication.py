"""Authentication: who a request comes from, by its client certificate or its service-account token.

Source: Kubernetes docs, "Authenticating", "X509 client certificates", "Service account tokens", "Anonymous requests",
"User impersonation".
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import unquote

from fairway.apiserver.authorization import Asked, denied, fixed
from fairway.apiserver.call import ANONYMOUS, AUTHENTICATED, User
from fairway.apiserver.tokens.claims import ACCOUNTS, CREDENTIAL
from fairway.apiserver.tokens.issuer import Issuer
from fairway.objects.errors import bad_request, unauthorized
from fairway.transport.interface import Peer

_ACCOUNT = "system:serviceaccount:"
_EXTRA = "impersonate-extra-"
_REMEMBERED = 1024
May = Callable[[User, Asked], bool]


class Authenticator:
    """Remembers the users of certificates that it has seen, so that a request costs a look-up."""

    def __init__(self, tokens: Issuer | None = None, may: May = fixed.is_allowed) -> None:
        self._tokens = tokens
        self._may = may
        self._users: dict[tuple[str, tuple[str, ...], str], User] = {}

    def user(self, peer: Peer, headers: Mapping[str, str]) -> User:
        """The user.  Raises: ``StatusError`` 401 for a token that nobody issued; 403 or 400 for impersonation."""
        found = self._certified(peer) if peer.common_name else None
        if found is None:
            # A certificate is enough; only without one is the token asked for.
            token = _token(headers)
            found = ANONYMOUS if token is None else self._bearing(token)
        if headers.get("impersonate-user"):
            wanted = impersonated(headers)
            for asked in asked_of(wanted):
                if not self._may(found, asked):
                    raise denied(found, asked)
            return acting(wanted)
        if any(name.startswith("impersonate-") for name in headers):
            # Doing as oneself what was meant to be done with fewer rights would be the wrong guess.
            raise bad_request("requested a group or uid without impersonating a user")
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


def impersonated(headers: Mapping[str, str]) -> User:
    """The user that a request wants to act as, with no more groups than it names."""
    groups = tuple(filter(None, headers.get("impersonate-group", "").split("\n")))
    extra = {
        unquote(name.removeprefix(_EXTRA)): tuple(value.split("\n"))
        for name, value in headers.items()
        if name.startswith(_EXTRA)
    }
    return User(headers["impersonate-user"], groups, headers.get("impersonate-uid", ""), extra)


def asked_of(wanted: User) -> Iterator[Asked]:
    """What one must be allowed to do to act as ``wanted``."""
    account = wanted.name.removeprefix(_ACCOUNT)
    if account != wanted.name and account.count(":") == 1:
        namespace, _, name = account.partition(":")
        yield Asked("impersonate", "", "serviceaccounts", namespace=namespace, name=name)
    else:
        yield Asked("impersonate", "", "users", name=wanted.name)
    for group in wanted.groups:
        yield Asked("impersonate", "", "groups", name=group)
    if wanted.uid:
        yield Asked("impersonate", "authentication.k8s.io", "uids", name=wanted.uid)
    for key, values in wanted.extra.items():
        for value in values:
            yield Asked("impersonate", "authentication.k8s.io", "userextras", key, name=value)


def acting(wanted: User) -> User:
    """``wanted`` with the groups that everybody like him has."""
    if wanted.name == ANONYMOUS.name:
        return replace(wanted, groups=wanted.groups or ANONYMOUS.groups)
    groups = wanted.groups
    account = wanted.name.removeprefix(_ACCOUNT)
    if account != wanted.name and not groups:
        groups = (ACCOUNTS, f"{ACCOUNTS}:{account.partition(':')[0]}")
    return replace(wanted, groups=groups if AUTHENTICATED in groups else (*groups, AUTHENTICATED))
