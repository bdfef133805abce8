"""Resources: what the words of a command line mean in the API.

Shape: ``Resources.find("svc")`` gives a ``Resource``, or raises the ``Failure`` that kubectl's users know;
``of_kind`` does the same for a manifest's apiVersion and kind; ``expand("all")`` gives those of a category.  Built-in
kinds come from a table (``table.py``) without asking the server; all others from discovery (``discovery.py``), kept
on disk for a while.
"""

import sys

from fairway.cli.failure import Failure
from fairway.cli.resources.resource import Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fairway.client.blocking import Api

__all__ = ["Resource", "Resources"]


class Resources:
    """See the module.  ``api`` is called only when the server must be asked."""

    def __init__(self, api: "Callable[[], Api]", cache_dir: str = "") -> None:
        self._api = api
        self._cache_dir = cache_dir
        self._served: list[Resource] | None = None
        self._is_fresh = False
        self._told: set[str] = set()

    def find(self, word: str) -> Resource:
        """``svc``, ``Service``, ``services``, ``deploy.apps``, ``deployments.v1.apps``.  Raises: ``Failure``."""
        from fairway.cli.resources.table import OTHERS, built_in

        name, _, group = word.partition(".")
        if (found := built_in(word)) is not None:
            self._warn(name, [OTHERS[name]] if name in OTHERS else ())
            return found
        found = self._discovered(lambda all: _match(all, word), _no_type(word))
        if name in found.short_names and not group:
            self._warn(
                name, [each.name for each in self.served() if name in each.short_names and each.name != found.name]
            )
        return found

    def _warn(self, name: str, others: "Iterable[str]") -> None:
        """Tell once of each what else has a short name."""
        for other in others:
            if other not in self._told:
                self._told.add(other)
                text = f'short name "{name}" could also match lower priority resource {other}'
                print(f"Warning: {text}", file=sys.stderr)

    def of_kind(self, api_version: str, kind: str) -> Resource:
        """The resource of a manifest.  Raises: ``Failure``."""
        from fairway.cli.resources.table import built_in_kind

        def matching(served: "Sequence[Resource]") -> Resource | None:
            return next((each for each in served if each.kind == kind and each.api_version == api_version), None)

        text = f'no matches for kind "{kind}" in version "{api_version}"'
        return built_in_kind(api_version, kind) or self._discovered(matching, Failure(text))

    def expand(self, word: str) -> list[Resource]:
        """The resources of the category ``word`` (``all``); empty if it is none."""
        found: dict[tuple[str, str], Resource] = {}
        for each in self.served():
            if word in each.categories:
                found.setdefault((each.group, each.plural), each)
        return list(found.values())

    def served(self, *, is_fresh: bool = False) -> list[Resource]:
        """All that the server serves, of each group the preferred version first."""
        if self._served is None or (is_fresh and not self._is_fresh):
            from fairway.cli.resources.discovery import served

            self._served, self._is_fresh = served(self._api(), self._cache_dir, is_fresh=is_fresh)
        return self._served

    def _discovered(self, match: "Callable[[Sequence[Resource]], Resource | None]", failure: Failure) -> Resource:
        found = match(self.served()) or (None if self._is_fresh else match(self.served(is_fresh=True)))
        if found is None:
            raise failure
        return found


def _no_type(word: str) -> Failure:
    return Failure(f'the server doesn\'t have a resource type "{word.partition(".")[0]}"')


def _match(served: "Sequence[Resource]", word: str) -> Resource | None:
    """The first that ``word`` names, as it is or with a group, or a version and a group, behind dots.  Pure."""
    name, _, rest = word.partition(".")
    version, dot, group = rest.partition(".")
    whole = name.lower()
    for is_meant in (
        lambda each: dot and (each.version, each.group) == (version, group),
        lambda each: rest and (each.group == rest or each.group.startswith(f"{rest}.")),
        lambda each: not rest,
    ):
        candidates = [each for each in served if is_meant(each)]
        for names, given in (
            (lambda each: (each.plural,), whole),
            (lambda each: (each.singular, each.kind.lower()), whole),
            (lambda each: each.short_names, name),
        ):
            for each in candidates:
                if given in names(each):
                    return each
    return None
