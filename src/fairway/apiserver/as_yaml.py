"""AsYaml: a shape in YAML.  Imported only when somebody asks for it."""

import orjson

from fairway.apiserver import yaml_text
from fairway.apiserver.negotiation import YAML
from fairway.apiserver.reply import Page
from fairway.apiserver.shapes import Parts, Shape
from fairway.apiserver.stored import Stored
from fairway.objects import Object


class AsYaml:
    """``inner``, which is JSON, in YAML."""

    media = YAML

    def __init__(self, inner: Shape) -> None:
        self._inner = inner

    def one(self, stored: Stored) -> bytes:
        """See ``Shape``."""
        return yaml_text.dump(orjson.loads(self._inner.one(stored)))

    def made(self, made: Object) -> bytes:
        """See ``Shape``: JSON, as of all shapes."""
        return self._inner.made(made)

    def parts(self, page: Page) -> Parts:
        """See ``Shape``; members are in the order of their names, items in the midst of them."""
        inner = self._inner.parts(page)
        empty = orjson.loads(inner.joined(()))
        name = "items" if "items" in empty else "rows"
        if not page.items:
            return Parts(yaml_text.dump(empty), self.one, b"", b"")
        head = yaml_text.dump({member: value for member, value in empty.items() if member < name})
        after = {member: value for member, value in empty.items() if member > name}
        tail = yaml_text.dump(after) if after else b""

        def one(stored: Stored) -> bytes:
            return yaml_text.dump_item(orjson.loads(b"".join((inner.opening, inner.one(stored)))))

        return Parts(b"%b%b:\n" % (head, name.encode()), one, tail, b"")

    def page(self, page: Page) -> bytes:
        """See ``Shape``."""
        return self.parts(page).joined(page.items)

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """Nobody is served a watch in YAML."""
        raise TypeError("a watch has no YAML")

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """See ``event``."""
        raise TypeError("a watch has no YAML")

    def failed(self, status: Object) -> bytes:
        """See ``event``."""
        raise TypeError("a watch has no YAML")
