"""Impersonation: acting as somebody else, by a right to that alone or, constrained, to single requests as him.

Shape: ``wanted(headers)`` says as whom a request is made; ``Impersonation.acting`` whom it is then made by.
A constrained right is two: to be that user (verb ``impersonate:MODE``), and to do this as him
(``impersonate-on:MODE:VERB``); each mode is for other users.  Who has none of them may have the old right, which allows
everything as him.
Source: Kubernetes docs, "User Impersonation", "Constrained Impersonation"; KEP-5284.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote

from fairway.apiserver.authorization import MASTERS, NODES, Asked, denied
from fairway.apiserver.call import ANONYMOUS, AUTHENTICATED, User
from fairway.apiserver.tokens.claims import ACCOUNTS
from fairway.objects.errors import StatusError, bad_request, invalid_value
from fairway.objects.names import dns_subdomain

_ACCOUNT, _NODE = "system:serviceaccount:", "system:node:"
_KEYS_KEY = "authentication.kubernetes.io/associated-node-keys"
"""What is told of an account on its own node: only what does not differ from node to node."""
_NODE_KEY = "authentication.kubernetes.io/node-name"
_GROUP = "authentication.k8s.io"
_EXTRA = "impersonate-extra-"
_MANY = 4
"""Of so many groups or extra values it is first asked whether all may be taken."""
_REMEMBERED = 1024
May = Callable[[User, Asked], bool]


class Acting(NamedTuple):
    """Who acts, and the constrained right by which he may; empty if it is the old one."""

    user: User
    constraint: str = ""


class _Mode(NamedTuple):
    """A kind of users that somebody may act as; ``takes`` says which, and for whom."""

    name: str
    takes: Callable[[User, User], bool]

    @property
    def verb(self) -> str:
        return f"impersonate:{self.name}"


def wanted(headers: Mapping[str, str]) -> User | None:
    """The user that a request wants to act as, with what it says of him.  Raises: ``StatusError`` 400."""
    name = headers.get("impersonate-user", "")
    if not name and not any(header.startswith("impersonate-") for header in headers):
        return None
    groups = tuple(filter(None, headers.get("impersonate-group", "").split("\n")))
    extra = {
        unquote(header.removeprefix(_EXTRA)): tuple(value.split("\n"))
        for header, value in headers.items()
        if header.startswith(_EXTRA)
    }
    found = User(name, groups, headers.get("impersonate-uid", ""), extra)
    if name:
        return found
    if found.uid or groups or extra:
        # Doing as oneself what was meant to be done with fewer rights would be the wrong guess.
        raise bad_request(f"requested {_in_go(found)} without impersonating a user name")
    return None


def _in_go(user: User) -> str:
    """A user as upstream's messages show one."""
    extra = ", ".join(f'"{key}":{_texts(values)}' for key, values in sorted(user.extra.items()))
    groups = f"[]string{_texts(user.groups)}" if user.groups else "[]string(nil)"
    shown = f"map[string][]string{{{extra}}}" if extra else "map[string][]string(nil)"
    return f'&user.DefaultInfo{{Name:"", UID:"{user.uid}", Groups:{groups}, Extra:{shown}}}'


def _texts(values: Sequence[str]) -> str:
    return "{" + ", ".join(f'"{value}"' for value in values) + "}"


class Impersonation:
    """Remembers by which right each user was last allowed to act as another, and asks for that first."""

    def __init__(self, may: May) -> None:
        self._may = may
        self._last: dict[tuple[str, tuple[str, ...]], _Mode | None] = {}

    def acting(self, user: User, wanted: User, asked: Asked) -> Acting:
        """Who makes a request that ``user`` makes as ``wanted``.  Raises: ``StatusError`` 403, in words of the first
        right that is missing."""
        key = (user.name, user.groups)
        first: StatusError | None = None
        for mode in self._ordered(key):
            try:
                found = self._by(mode, user, wanted, asked)
            except StatusError as error:
                first = first or error
                continue
            if found is not None:
                if len(self._last) >= _REMEMBERED:
                    self._last.clear()
                self._last[key] = mode
                return found
        assert first is not None
        raise first

    def _ordered(self, key: tuple[str, tuple[str, ...]]) -> Sequence[_Mode | None]:
        modes = (*_MODES, None)
        if key not in self._last:
            return modes
        last = self._last[key]
        return (last, *(mode for mode in modes if mode is not last))

    def _by(self, mode: _Mode | None, user: User, wanted: User, asked: Asked) -> Acting | None:
        """Whether a right suffices; ``None`` if it is for other users.  Raises: ``StatusError`` 403."""
        if mode is None:
            self._check(user, _old_rights(wanted))
            return Acting(_acting(wanted))
        if not mode.takes(wanted, user):
            return None
        asker = replace(user, extra={_KEYS_KEY: sorted(user.extra)}) if mode is _ASSOCIATED else user
        self._check(asker, [asked._replace(verb=f"impersonate-on:{mode.name}:{asked.verb}")])
        self._check(asker, self._rights(mode, asker, wanted))
        return Acting(_acting(replace(wanted, groups=(NODES,)) if _node_of(wanted) else wanted), mode.verb)

    def _check(self, user: User, rights: Iterable[Asked]) -> None:
        for right in rights:
            if not self._may(user, right):
                raise denied(user, right)

    def _rights(self, mode: _Mode, user: User, wanted: User) -> list[Asked]:
        """What one must be allowed to do to be ``wanted``.  Raises: ``StatusError`` 403 for whom nobody may be."""
        verb = mode.verb
        rights = [_name_right(verb, wanted, is_any=mode is _ASSOCIATED)]
        if wanted.uid:
            rights.append(Asked(verb, _GROUP, "uids", name=wanted.uid))
        if MASTERS in wanted.groups:
            right = Asked(verb, _GROUP, "groups", name=MASTERS)
            raise _forbidden(user, right, f"impersonating the {MASTERS} group is not allowed")
        for key in wanted.extra:
            if not _is_prefixed(key):
                told = invalid_value("extra.key", key, 'must be a domain-prefixed path (such as "acme.io/foo")').text
                reason = f"impersonating an invalid key in extra is not allowed: {told}"
                raise _forbidden(user, Asked(verb, _GROUP, "userextras"), reason)
        every = Asked(verb, _GROUP, "groups", name="*")
        if len(wanted.groups) < _MANY or not self._may(user, every):
            rights += [every._replace(name=group) for group in wanted.groups]
        every = Asked(verb, _GROUP, "userextras", "*", name="*")
        extra = [every._replace(subresource=key, name=one) for key, values in wanted.extra.items() for one in values]
        if len(extra) < _MANY or not self._may(user, every):
            rights += extra
        return rights


def _forbidden(user: User, right: Asked, reason: str) -> StatusError:
    refused = denied(user, right)
    return StatusError(refused.code, refused.reason, f"{refused.message}: {reason}", refused.details)


def _is_prefixed(key: str) -> bool:
    """Whether it is a domain and a path below it."""
    domain, slash, path = key.partition("/")
    return bool(domain and slash and path) and not any(dns_subdomain(domain))


def _name_right(verb: str, wanted: User, *, is_any: bool) -> Asked:
    if node := _node_of(wanted):
        return Asked(verb, _GROUP, "nodes", name="*" if is_any else node)
    if account := _account_of(wanted):
        return Asked(verb, _GROUP, "serviceaccounts", namespace=account[0], name=account[1])
    return Asked(verb, _GROUP, "users", name=wanted.name)


def _old_rights(wanted: User) -> Iterator[Asked]:
    """The rights that allow everything as ``wanted``."""
    account = _account_of(wanted)
    if account:
        yield Asked("impersonate", "", "serviceaccounts", namespace=account[0], name=account[1])
    else:
        yield Asked("impersonate", "", "users", name=wanted.name)
    if wanted.uid:
        yield Asked("impersonate", _GROUP, "uids", name=wanted.uid)
    for group in wanted.groups:
        yield Asked("impersonate", "", "groups", name=group)
    for key, values in wanted.extra.items():
        for value in values:
            yield Asked("impersonate", _GROUP, "userextras", key, name=value)


def _node_of(user: User) -> str:
    name = user.name.removeprefix(_NODE)
    return name if name != user.name and name and not any(dns_subdomain(name)) else ""


def _account_of(user: User) -> tuple[str, str] | None:
    account = user.name.removeprefix(_ACCOUNT)
    if account == user.name or account.count(":") != 1:
        return None
    namespace, _, name = account.partition(":")
    return (namespace, name) if namespace and name else None


def _is_name_alone(wanted: User) -> bool:
    return not (wanted.uid or wanted.groups or wanted.extra)


def _is_own_node(wanted: User, user: User) -> bool:
    own = user.extra.get(_NODE_KEY) or ()
    node = _node_of(wanted)
    return bool(node and _is_name_alone(wanted) and _account_of(user) and list(own) == [node])


_ASSOCIATED = _Mode("associated-node", _is_own_node)
_MODES = (
    _ASSOCIATED,
    _Mode("arbitrary-node", lambda wanted, user: bool(_node_of(wanted)) and _is_name_alone(wanted)),
    _Mode("serviceaccount", lambda wanted, user: _account_of(wanted) is not None and _is_name_alone(wanted)),
    _Mode("user-info", lambda wanted, user: not _node_of(wanted) and _account_of(wanted) is None),
)


def _acting(wanted: User) -> User:
    """``wanted`` with the groups that everybody like him has."""
    groups = wanted.groups
    if not groups and (account := _account_of(wanted)):
        groups = (ACCOUNTS, f"{ACCOUNTS}:{account[0]}")
    [outside] = ANONYMOUS.groups
    own = outside if wanted.name == ANONYMOUS.name else AUTHENTICATED
    if own in groups or outside in groups:
        return replace(wanted, groups=groups)
    return replace(wanted, groups=(*groups, own))
