"""Flags: the table of a command's flags, and the parser for it.  Pure.

Shape: a command's ``FLAGS`` is a tuple of ``Flag``; ``parse(flags, words)`` gives a ``Parsed`` with the positional
words and a ``Values``, whose attributes are the flags with underscores (``--no-headers`` is ``values.no_headers``).
Types: ``string``, ``bool``, ``int``, ``duration`` (float seconds), ``strings`` (a list; commas part, may be repeated),
``array`` (a list; may be repeated, commas stay).  A flag of type ``string`` with ``bare`` may come without a value and
then has that one, and a value only after ``=`` (``--dry-run``).
Rules for those who change it: no imports here, since every command pays for them.
Source: the syntax and the texts of pflag, the flag library of kubectl: ``--x=v``, ``--x v``, ``-xv``, ``-x=v``, ``-x
v``, ``-abc``, ``--bool=false``; flags and words in any order; ``--`` ends the flags.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any


class FlagError(Exception):
    """A flag that is not known or a value that is none, as pflag words it."""


class Flag:
    """One flag.  ``default`` is its value when it is not given, by default that of its type."""

    __slots__ = ("bare", "default", "help", "is_hidden", "name", "short", "type")

    def __init__(
        self,
        name: str,
        short: str = "",
        type: str = "string",
        help: str = "",
        *,
        default: "Any" = None,
        bare: str = "",
        is_hidden: bool = False,
    ) -> None:
        self.name, self.short, self.type, self.help = name, short, type, help
        self.default = _ZERO[type] if default is None else default
        self.bare = "true" if type == "bool" else bare
        self.is_hidden = is_hidden

    @property
    def spelled(self) -> str:
        """``-o, --output``."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


_ZERO: "dict[str, Any]" = {
    "string": "", "bool": False, "int": 0, "duration": 0.0, "strings": (), "array": (),
}  # fmt: skip


class Values:
    """The flags' values as attributes."""

    def __init__(self, flags: "Iterable[Flag]") -> None:
        self._given: dict[str, None] = {}
        for flag in flags:
            default = flag.default
            setattr(self, flag.name.replace("-", "_"), list(default) if isinstance(default, tuple) else default)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def is_given(self, name: str) -> bool:
        """Whether the flag of that name (with dashes) stands on the command line."""
        return name in self._given

    @property
    def given(self) -> frozenset[str]:
        """The names (with dashes) of the flags that stand on the command line."""
        return frozenset(self._given)

    @property
    def given_in_order(self) -> tuple[str, ...]:
        """The same, as they stand there."""
        return tuple(self._given)

    def give(self, flag: Flag, text: str) -> None:
        """Set ``flag`` by its text.  Raises: ``FlagError``."""
        try:
            value = _READ[flag.type](text)
        except ValueError as error:
            raise FlagError(f'invalid argument "{text}" for "{flag.spelled}" flag: {error}') from None
        name = flag.name.replace("-", "_")
        if flag.type in ("strings", "array") and flag.name in self._given:
            value = [*getattr(self, name), *value]
        setattr(self, name, value)
        self._given[flag.name] = None


class Parsed:
    """What a command line says.  ``dash`` is how many words stood before ``--``; -1 without it."""

    __slots__ = ("dash", "values", "words")

    def __init__(self, words: list[str], values: Values, dash: int) -> None:
        self.words, self.values, self.dash = words, values, dash


def parse(flags: "Iterable[Flag]", words: "Sequence[str]", *, is_interspersed: bool = True) -> Parsed:
    """Part ``words`` into flags and positional words.  Raises: ``FlagError``.

    ``is_interspersed`` False: the first positional word ends the flags, and all that follows are words.
    """
    known = {flag.name: flag for flag in flags}
    short = {flag.short: flag for flag in known.values() if flag.short}
    values, found, dash = Values(known.values()), list[str](), -1
    rest = iter(words)
    for word in rest:
        if word == "--":
            dash = len(found)
            found.extend(rest)
        elif word.startswith("--"):
            _long(word, known, values, rest)
        elif word.startswith("-") and word != "-":
            _shorts(word, short, values, rest)
        else:
            found.append(word)
            if not is_interspersed:
                found.extend(rest)
    return Parsed(found, values, dash)


def _long(word: str, known: dict[str, Flag], values: Values, rest: "Iterator[str]") -> None:
    name, equals, text = word[2:].partition("=")
    if not name or name[0] in "-=":
        raise FlagError(f"bad flag syntax: {word}")
    flag = known.get(name)
    if flag is None:
        raise FlagError(f"unknown flag: --{name}")
    if not equals:
        if flag.bare:
            text = flag.bare
        else:
            following = next(rest, None)
            if following is None:
                raise FlagError(f"flag needs an argument: --{name}")
            text = following
    values.give(flag, text)


def _shorts(word: str, short: dict[str, Flag], values: Values, rest: "Iterator[str]") -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = short.get(letter)
        if flag is None:
            raise FlagError(f"unknown shorthand flag: '{letter}' in -{letter}{letters}")
        if letters.startswith("=") and len(letters) > 1:
            text, letters = letters[1:], ""
        elif flag.bare:
            text = flag.bare
        elif letters:
            text, letters = letters, ""
        else:
            following = next(rest, None)
            if following is None:
                raise FlagError(f"flag needs an argument: '{letter}' in -{letter}")
            text = following
        values.give(flag, text)


def _bool(text: str) -> bool:
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def _int(text: str) -> int:
    try:
        if text.strip() != text or "_" in text:
            raise ValueError
        sign, digits = (text[:1], text[1:]) if text[:1] in ("-", "+") else ("", text)
        value = int(digits, 8) if len(digits) > 1 and digits[0] == "0" and digits.isdigit() else int(digits, 0)
    except ValueError:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    return -value if sign == "-" else value


_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def duration_s(text: str) -> float:
    """Seconds of a Go duration such as ``1m30s``.  Raises: ``ValueError`` with Go's text."""
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0.0
    total_s = 0.0
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    while rest:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789."))]
        if not digits.strip(".") or digits.count(".") > 1:
            raise ValueError(f'time: invalid duration "{text}"')
        rest = rest[len(digits) :]
        unit = rest[: len(rest) - len(rest.lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZµ"))]
        if not unit:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if unit not in _UNITS_S:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
        total_s += float(digits) * _UNITS_S[unit]
        rest = rest[len(unit) :]
    return -total_s if text[0] == "-" else total_s


def _strings(text: str) -> list[str]:
    return text.split(",") if text else []


_READ: "dict[str, Any]" = {
    "string": str, "bool": _bool, "int": _int, "duration": duration_s, "strings": _strings, 
    "array": lambda text: [text],
}  # fmt: skip
