"""ListOptions: the query of a list or a watch, read and checked.

Pure.  Source: Kubernetes API concepts, "The resourceVersion parameter", "Streaming lists".
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, cast

import orjson

from fairway.objects.errors import (
    Problem,
    StatusError,
    bad_request,
    forbidden_value,
    invalid,
    not_supported,
)
from fairway.objects.label_syntax import integer, number_fault
from fairway.objects.strict.go_syntax import syntax_error
from fairway.objects.strict.go_text import value_name

EXACT, NOT_OLDER = "Exact", "NotOlderThan"
Match = Literal["", "Exact", "NotOlderThan"]
_TOKEN_VERSION = "meta.k8s.io/v1"
_UINT64_DIGITS = 20


class ListOptions(NamedTuple):
    """What is not asked for is empty, ``None`` or 0."""

    labels: str = ""
    fields: str = ""
    revision: int | None = None
    match: Match = ""
    limit: int = 0
    token: str = ""
    sends_initial: bool | None = None
    has_bookmarks: bool = False
    timeout_s: int = 0


PLAIN = ListOptions()


def number(text: str) -> int:
    """A whole number of the query.  Raises: ``StatusError`` 400."""
    found = integer(text)
    if found is None:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": {number_fault(text)}')
    return found


def flag(text: str | None) -> bool:
    """A boolean of the query: whatever is there says yes, even nothing at all, but ``0`` and ``false``."""
    return text is not None and text != "0" and text.lower() != "false"


_NUMBER, _UNIT = re.compile(r"[0-9]*(?:\.[0-9]*)?"), re.compile(r"[^0-9.]*")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}


def timeout_of(text: str | None) -> float | None:
    """The seconds that a client gives its request; ``None`` where it leaves that open, as by less than nothing.

    Raises: ``StatusError`` 400 in the words of Go's durations.
    """
    if not text or text == "0":
        return None
    rest, seconds = text.removeprefix("-") if text[0] == "-" else text.removeprefix("+"), 0.0
    if not rest:
        raise _no_duration(f'invalid duration "{text}"')
    while rest:
        number = _NUMBER.match(rest)[0]  # type: ignore[index]
        unit = _UNIT.match(rest, len(number))[0]  # type: ignore[index]
        if number in ("", "."):
            raise _no_duration(f'invalid duration "{text}"')
        if not unit:
            raise _no_duration(f'missing unit in duration "{text}"')
        if unit not in _SECONDS:
            raise _no_duration(f'unknown unit "{unit}" in duration "{text}"')
        seconds += float(number) * _SECONDS[unit]
        rest = rest[len(number) + len(unit) :]
    return None if text[0] == "-" else seconds or None


def _no_duration(why: str) -> StatusError:
    return bad_request(f"invalid timeout specified in the request URL - time: {why}")


def revision_of(text: str) -> int | None:
    """A resourceVersion of the query; ``None`` for none.  Raises: ``StatusError`` 500, as upstream."""
    if not text:
        return None
    is_number = text.isascii() and text.isdecimal()
    # Length first: Python refuses to read very long numbers at all.
    number = int(text) if is_number and len(text.lstrip("0")) <= _UINT64_DIGITS else 1 << 64
    if number >= 1 << 64:
        why = f'strconv.ParseUint: parsing "{text}": {"value out of range" if is_number else "invalid syntax"}'
        raise StatusError(500, "", f'resourceVersion: Invalid value: "{text}": {why}')
    return number


def read(options: Mapping[str, str], *, is_watch: bool) -> ListOptions:
    """What the query says.  Raises: ``StatusError`` 400 or, for what does not go together, 422."""
    if not options:
        return PLAIN
    get = options.get
    limit, timeout_s = max(0, number(get("limit", "0"))), number(get("timeoutSeconds", "0"))
    # The old paths below /watch/ are judged as lists, as upstream has it.
    problems = list(_watch_problems(options) if is_watch and flag(get("watch")) else _list_problems(options))
    if problems:
        raise invalid("meta.k8s.io", "ListOptions", "", problems)
    initial, token, revision = get("sendInitialEvents", ""), get("continue", ""), get("resourceVersion", "")
    if token and not is_watch:
        read_token(token)
    return ListOptions(
        get("labelSelector", ""), get("fieldSelector", ""),
        revision_of(revision) if is_watch else _listed_revision(revision),
        cast(Match, get("resourceVersionMatch", "")),
        limit, token,
        flag(initial) if initial else None,
        flag(get("allowWatchBookmarks")),
        timeout_s,
    )  # fmt: skip


def _listed_revision(text: str) -> int | None:
    """Of a list: upstream's words are others there.  Raises: ``StatusError`` 400."""
    try:
        return revision_of(text)
    except StatusError as error:
        raise bad_request(f"invalid resource version: {error.message}") from error


def _list_problems(options: Mapping[str, str]) -> Iterator[Problem]:
    path, match, revision = "resourceVersionMatch", options.get("resourceVersionMatch"), options.get("resourceVersion")
    if match:
        if not revision:
            yield forbidden_value(path, "resourceVersionMatch is forbidden unless resourceVersion is provided")
        if options.get("continue"):
            yield forbidden_value(path, "resourceVersionMatch is forbidden when continue is provided")
        if match not in (EXACT, NOT_OLDER):
            yield not_supported(path, match, (EXACT, NOT_OLDER, ""))
        if match == EXACT and revision == "0":
            yield forbidden_value(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    if options.get("sendInitialEvents"):
        yield forbidden_value("sendInitialEvents", "sendInitialEvents is forbidden for list")


def _watch_problems(options: Mapping[str, str]) -> Iterator[Problem]:
    path, match = "resourceVersionMatch", options.get("resourceVersionMatch")
    is_initial = bool(options.get("sendInitialEvents"))
    if is_initial and match != NOT_OLDER:
        yield forbidden_value(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    if match:
        if not is_initial:
            yield forbidden_value(
                path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            )
        if match != NOT_OLDER:
            yield not_supported(path, match, (NOT_OLDER,))
        if options.get("continue"):
            yield forbidden_value(path, "resourceVersionMatch is forbidden when continue is provided")


def too_new(asked: int, current: int) -> StatusError:
    """504: a revision that is not here yet."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return StatusError(
        504, "Timeout", f"Timeout: Too large resource version: {asked}, current: {current}",
        {"causes": causes, "retryAfterSeconds": 1},
    )  # fmt: skip


def make_token(revision: int, after: str) -> str:
    """What continues a list at the state of ``revision``, behind the key ``after``; -1 takes the newest state."""
    token = orjson.dumps({"v": _TOKEN_VERSION, "rv": revision, "start": after + "\0"})
    return urlsafe_b64encode(token).rstrip(b"=").decode()


_BASE64 = re.compile(r"[\w-]*", re.ASCII)


def read_token(token: str) -> tuple[int, str]:
    """(revision, first key).  Raises: ``StatusError`` 400."""
    good = len(_BASE64.match(token)[0])  # type: ignore[index]
    if good < len(token) or good % 4 == 1:
        raise _bad_token(f"illegal base64 data at input byte {good if good < len(token) else good - 1}")
    raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    try:
        found = orjson.loads(raw)
    except ValueError as error:
        raise _bad_token(str(syntax_error(raw) or error)) from error
    if not isinstance(found, dict):
        raise _bad_token(f"json: cannot unmarshal {value_name(found)} into Go value of type storage.continueToken")
    for field, kind, name in (("v", str, "string"), ("rv", int, "int64"), ("start", str, "string")):
        if not isinstance(given := found.get(field, kind()), kind) or isinstance(given, bool):
            why = f"cannot unmarshal {value_name(given)} into Go struct field continueToken.{field} of type {name}"
            raise _bad_token(f"json: {why}")
    version, revision, start = found.get("v", ""), found.get("rv", 0), found.get("start", "")
    if version != _TOKEN_VERSION:
        raise _bad_token(f"server does not recognize this encoded version {version}")
    if revision == 0:
        raise _bad_token(f"incorrect encoded start resourceVersion (version {_TOKEN_VERSION})")
    if not start:
        raise _bad_token(f"encoded start key empty (version {_TOKEN_VERSION})")
    if ".." in start.split("/"):
        raise _bad_token(start)
    return revision, start


def _bad_token(why: str) -> StatusError:
    return bad_request(f"invalid continue token: continue key is not valid: {why}")
