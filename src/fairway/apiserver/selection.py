"""Selection: which objects of a collection a list or watch is about: a namespace, a name, labels, fields.

Pure.  Source: Kubernetes docs, "Labels and Selectors", "Field Selectors".
"""

from fairway.apiserver.stored import Stored
from fairway.kinds.kind import Kind
from fairway.objects import fields, labels
from fairway.objects.errors import bad_request


class Selection:
    """``prefix`` is what the store keys start with, or the whole key where one name is asked for."""

    __slots__ = ("_fields", "_labels", "is_one", "is_plain", "prefix")

    def __init__(
        self,
        prefix: str,
        wanted_labels: labels.Selector = labels.EVERYTHING,
        wanted_fields: fields.FieldSelector = fields.EVERYTHING,
        *,
        is_one: bool = False,
    ) -> None:
        self.prefix = prefix
        self.is_one = is_one
        self._labels = wanted_labels or None
        self._fields = wanted_fields or None
        self.is_plain = not wanted_labels and not wanted_fields
        """Whether no object has to be decoded to decide."""

    def covers(self, key: str) -> bool:
        """Whether an object of this key is in the namespace, or of the name, that is asked for."""
        return key == self.prefix if self.is_one else key.startswith(self.prefix)

    def matches(self, stored: Stored) -> bool:
        """Whether the selectors take ``stored``, whose key is covered."""
        if self.is_plain:
            return True
        if self._labels is not None and not self._labels.matches(stored.labels):
            return False
        return self._fields is None or self._fields.matches_values(stored.values(self._fields.readers))


def select(kind: Kind, namespace: str | None, label_text: str, field_text: str) -> Selection:
    """The selection that a request's namespace and selectors describe.  Raises: ``StatusError`` 400."""
    whole = f"{kind.prefix}{namespace}/" if namespace and kind.namespaced else kind.prefix
    if not label_text and not field_text:
        return Selection(whole)
    wanted_fields = select_fields(kind, field_text)
    name = wanted_fields.exact("metadata.name")
    if name is not None and (namespace or not kind.namespaced):
        return Selection(whole + name, labels.parse(label_text), _without_name(kind, wanted_fields), is_one=True)
    return Selection(whole, labels.parse(label_text), wanted_fields)


def select_fields(kind: Kind, text: str) -> fields.FieldSelector:
    """The field selector of a query.  Raises: ``StatusError`` 400, in the words that upstream has for the kind."""
    comparisons = tuple(fields.terms(text))
    known = _selectable(kind)
    for term in comparisons:
        if term.field not in known:
            raise bad_request(_unknown(kind, term.field))
    return fields.FieldSelector(comparisons, kind.fields)


def _is_plain(kind: Kind) -> bool:
    """Whether upstream has no rule of its own for the kind, but the one that all others share."""
    return kind.custom is None and not kind.fields


def _selectable(kind: Kind) -> set[str]:
    own = {"metadata.name", *kind.fields}
    return own | {"metadata.namespace"} if kind.namespaced or _is_plain(kind) else own


def _unknown(kind: Kind, label: str) -> str:
    if _is_plain(kind):
        return f'"{label}" is not a known field selector: only "metadata.name", "metadata.namespace"'
    if (kind.group, kind.name) == ("batch", "Job"):
        return f'field label "{label}" not supported for batchv1.Job'
    if (kind.group, kind.name) == ("resource.k8s.io", "ResourceSlice"):
        return f"field label not supported for {kind.group}/{kind.version}, Kind={kind.name}: {label}"
    return f"field label not supported: {label}"


def _without_name(kind: Kind, wanted: fields.FieldSelector) -> fields.FieldSelector:
    """What is left to ask when the key already decides about the name."""
    name = wanted.exact("metadata.name")
    rest = [term for term in wanted.terms if not (term.field == "metadata.name" and term.equal and term.value == name)]
    return fields.FieldSelector(tuple(rest), kind.fields)
