"""Links: rewrites the addresses in an HTML document as it streams by; every other byte stays as it is.

Shape: ``Links(rewrite).feed(piece)`` gives what can be passed on; ``close()`` gives the rest.  Pure.
Rules for those who change it: values are rewritten as they are written, character references included, since the
document's encoding is not known here.
Source: the HTML standard, "Tokenization" (tags, comments, raw text) and the index of attributes that hold URLs.
"""

import re
from collections.abc import Callable

_URL_ATTRIBUTES = {
    "a": "href", "area": "href", "audio": "src", "base": "href", "blockquote": "cite", "body": "background",
    "button": "formaction", "command": "icon", "del": "cite", "embed": "src", "form": "action",
    "frame": "longdesc src", "head": "profile", "html": "manifest", "iframe": "longdesc src",
    "img": "longdesc src usemap", "input": "src usemap formaction", "ins": "cite", "link": "href",
    "object": "classid codebase data usemap", "q": "cite", "script": "src", "source": "src", "track": "src",
    "video": "poster src", "applet": "codebase",
}  # fmt: skip
_WITH_URLS = {tag: frozenset(names.split()) for tag, names in _URL_ATTRIBUTES.items()}
_RAW_TEXT = ("script", "style", "textarea", "title")
_HELD_MAX = 256 * 1024
"""A tag or comment that is longer passes as it is."""
_TAG = re.compile(r"<([A-Za-z][^\s/>]*)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'<>]+)""")


class Links:
    """One document.  The text is taken byte for byte, so any encoding that extends ASCII will do."""

    def __init__(self, rewrite: Callable[[str], str]) -> None:
        self._rewrite = rewrite
        self._held = ""
        self._raw_until = ""

    def feed(self, piece: bytes) -> bytes:
        """What of the document is settled now."""
        text = self._held + piece.decode("latin-1")
        made, at = [], 0
        while at < len(text):
            part, end = self._next(text, at)
            if end < 0:
                break
            made.append(part)
            at = end
        self._held = text[at:]
        if len(self._held) > _HELD_MAX:
            made.append(self._held)
            self._held = ""
        return "".join(made).encode("latin-1")

    def close(self) -> bytes:
        """What is left."""
        rest, self._held = self._held, ""
        return rest.encode("latin-1")

    def _next(self, text: str, at: int) -> tuple[str, int]:
        """The next part, rewritten, and where it ends; -1 if that has not come yet."""
        if self._raw_until:
            return self._raw(text, at)
        start = text.find("<", at)
        if start != at:
            end = len(text) if start < 0 else start
            return text[at:end], end
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
            return ("", -1) if end < 0 else (text[at : end + 3], end + 3)
        if "<!--".startswith(text[at : at + 4]):
            return "", -1
        return self._tag(text, at)

    def _tag(self, text: str, at: int) -> tuple[str, int]:
        following = text[at + 1]
        if not following.isalpha():
            end = text.find(">", at) if following in "/!?" else at
            return ("", -1) if end < 0 else (text[at : end + 1], end + 1)
        match = _TAG.match(text, at)
        if match is None:
            return "", -1
        name = match[1].lower()
        if name in _RAW_TEXT and not match[2].endswith("/"):
            self._raw_until = f"</{name}"
        return self._with_links(match, name), match.end()

    def _raw(self, text: str, at: int) -> tuple[str, int]:
        """Inside of an element whose content is no markup."""
        end = text.lower().find(self._raw_until, at)
        if end >= 0:
            self._raw_until = ""
            return text[at:end], end
        settled = len(text) - len(self._raw_until) + 1
        return (text[at:settled], settled) if settled > at else ("", -1)

    def _with_links(self, match: re.Match[str], name: str) -> str:
        wanted = _WITH_URLS.get(name)
        if wanted is None:
            return match[0]

        def changed(attribute: re.Match[str]) -> str:
            if attribute[1].lower() not in wanted:
                return attribute[0]
            quote = attribute[3][0] if attribute[3][0] in "\"'" else ""
            value = attribute[3][1:-1] if quote else attribute[3]
            return f"{attribute[1]}{attribute[2]}{quote}{self._rewrite(value)}{quote}"

        return f"<{match[1]}{_ATTRIBUTE.sub(changed, match[2])}>"
