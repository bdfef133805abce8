"""Users: who a container's first process is, by its spec, its image and the image's account files.  Pure.

Sources: passwd(5), group(5); the OCI image specification on the config's ``User``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

ID_MAX = (1 << 31) - 1


class UnknownUser(Exception):
    """The image has no such account; the text is what runtimes say."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Numeric user and groups."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()


def _rows(text: str, columns: int) -> Iterator[list[str]]:
    for line in text.splitlines():
        row = line.split(":")
        if len(row) >= columns and not line.startswith("#"):
            yield row


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) <= ID_MAX else None


def _account(wanted: str, passwd: str) -> tuple[int, int, str] | None:
    """Uid, gid and name of the account of that name or uid."""
    number = _number(wanted)
    by_number = None
    for name, _password, uid, gid, *_rest in _rows(passwd, 4):
        uid_number, gid_number = _number(uid), _number(gid)
        if uid_number is None or gid_number is None:
            continue
        if name == wanted:
            return uid_number, gid_number, name
        if by_number is None and uid_number == number:
            by_number = uid_number, gid_number, name
    return by_number


def _group(wanted: str, groups: str) -> int:
    for name, _password, gid, *_rest in _rows(groups, 3):
        number = _number(gid)
        if name == wanted and number is not None:
            return number
    number = _number(wanted)
    if number is None:
        raise UnknownUser(f"unable to find group {wanted}: no matching entries in group file")
    return number


def _memberships(name: str, groups: str) -> tuple[int, ...]:
    found = set()
    for _group_name, _password, gid, members, *_rest in _rows(groups, 4):
        number = _number(gid)
        if number is not None and name in members.split(","):
            found.add(number)
    return tuple(sorted(found))


def identity(user: int | None, group: int | None, image_user: str, passwd: str, groups: str) -> Identity:
    """The identity: the spec's numbers first, then the image's ``user[:group]``, then root.

    Raises: ``UnknownUser``.
    """
    image_name, _, image_group = image_user.partition(":")
    wanted = str(user) if user is not None else image_name or "0"
    account = _account(wanted, passwd)
    number = _number(wanted)
    if account is not None:
        uid, gid, name = account
    elif number is not None:
        uid, gid, name = number, 0, ""
    else:
        raise UnknownUser(f"unable to find user {wanted}: no matching entries in passwd file")
    if group is not None:
        gid = group
    elif user is None and image_group:
        gid = _group(image_group, groups)
    return Identity(uid, gid, _memberships(name, groups) if name else ())
