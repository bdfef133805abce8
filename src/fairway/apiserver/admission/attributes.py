"""Attributes: one request as webhooks and policies see it.

Source: Kubernetes API reference, "AdmissionRequest v1".
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from fairway.apiserver.call import Call
from fairway.kinds.kind import Kind, Served
from fairway.objects import Object

CREATE, UPDATE, DELETE, CONNECT = "CREATE", "UPDATE", "DELETE", "CONNECT"
_OPTIONS = {CREATE: "CreateOptions", UPDATE: "UpdateOptions", DELETE: "DeleteOptions"}
Convert = Callable[[Object], None]
Fill = Callable[[Object], None]
"""Completes an object that somebody has changed."""
EXEMPT = "admissionregistration.k8s.io"
"""Who has a say in writes has none in what says so: else nobody could take it back."""


@dataclass(frozen=True, slots=True)
class Form:
    """A group and version under which the resource is served, and how a stored object becomes one of it and back."""

    group: str
    version: str
    from_storage: Convert | None = None
    to_storage: Convert | None = None

    @property
    def api_version(self) -> str:
        """``v1`` or ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def shown(self, found: Object | None) -> Object | None:
        """An object in this version."""
        if found is None or (self.from_storage is None and found.get("apiVersion") == self.api_version):
            return found
        shown: Object = orjson.loads(orjson.dumps(found))
        shown["apiVersion"] = self.api_version
        if self.from_storage is not None:
            self.from_storage(shown)
        return shown


def _form(served: Served) -> Form:
    return Form(served.group, served.version, served.from_storage, served.to_storage)


@dataclass(slots=True)
class Attributes:
    """What is asked for.  ``new`` is ``None`` for a deletion, ``old`` for a creation.

    ``object_kind`` is (group, version, kind) of ``new`` where it is none of the resource's own: a Scale, a Binding.
    """

    call: Call
    operation: str
    new: Object | None
    old: Object | None
    object_kind: tuple[str, str, str] | None = None
    deletion: Mapping[str, Any] | None = None
    """The DeleteOptions, of a body or of the query."""

    @property
    def kind(self) -> Kind:
        """The resource's kind."""
        return self.call.kind

    @property
    def asked(self) -> Form:
        """The version that the client used."""
        served = self.call.served
        if served is None:
            return Form(self.kind.group, self.kind.version)
        return _form(served)

    def forms(self) -> Iterator[Form]:
        """Every version of the resource, the asked one first."""
        yield self.asked
        own = Form(self.kind.group, self.kind.version)
        if self.call.served is not None:
            yield own
        for served in self.kind.also:
            if served is not self.call.served:
                yield _form(served)

    @property
    def is_exempt(self) -> bool:
        """Whether webhooks and policies are not asked."""
        return self.kind.group == EXEMPT

    @property
    def name(self) -> str:
        """The object's name, empty where it is not known yet."""
        return self.call.name or str(((self.new or {}).get("metadata") or {}).get("name") or "")

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing will be stored."""
        return "dryRun" in self.call.options or bool((self.deletion or {}).get("dryRun"))

    def replace(self, form: Form, change: Callable[[Object], Any], fill: Fill) -> bool:
        """Put in place of ``new`` what ``change`` makes of it in one version; whether that is anything else.

        Raises: what ``change`` raises; ``TypeError`` if it leaves no object.
        """
        assert self.new is not None
        before = orjson.dumps(self.new)
        kind, version = self.new.get("kind"), self.new.get("apiVersion")
        document = orjson.loads(before) if self.object_kind else orjson.loads(orjson.dumps(form.shown(self.new)))
        patched = change(document)
        if not isinstance(patched, dict):
            raise TypeError("the patch leaves no object")
        if form.to_storage is not None and not self.object_kind:
            form.to_storage(patched)
        patched["kind"], patched["apiVersion"] = kind, version
        self.new.clear()
        self.new.update(patched)
        fill(self.new)
        return _sorted(self.new) != _sorted(orjson.loads(before))

    def request(self, form: Form) -> Object:
        """The AdmissionRequest in one version."""
        call, kind = self.call, self.kind
        plural = {"version": form.version, "resource": kind.plural}
        asked = self.asked
        group, version, name = self.object_kind or (form.group, form.version, kind.name)
        asked_kind = self.object_kind or (asked.group, asked.version, kind.name)
        request: Object = {
            "uid": str(uuid4()),
            "kind": {"group": group, "version": version, "kind": name},
            "resource": {"group": form.group, **plural},
            "requestKind": dict(zip(("group", "version", "kind"), asked_kind, strict=True)),
            "requestResource": {"group": asked.group, "version": asked.version, "resource": kind.plural},
            "name": self.name,
            "namespace": call.namespace or (self.name if kind.plural == "namespaces" and not kind.group else ""),
            "operation": self.operation,
            "userInfo": _user(call),
            "object": self.new if self.object_kind else form.shown(self.new),
            "oldObject": self.old if self.object_kind else form.shown(self.old),
            "dryRun": self.is_dry_run,
            "options": self._options(),
        }
        if call.subresource:
            request["subResource"] = request["requestSubResource"] = call.subresource
        return {name: value for name, value in request.items() if value != "" or name == "operation"}

    def _options(self) -> Object | None:
        name = _OPTIONS.get(self.operation)
        if name is None:
            return None
        given = self.call.options
        options: Object = {"kind": name, "apiVersion": "meta.k8s.io/v1"}
        if self.deletion is not None:
            dry_run = self.deletion.get("dryRun")
            told = {"dryRun": [dry_run]} if isinstance(dry_run, str) else {}
            return {**options, **self.deletion, **told}
        options.update({key: given[key] for key in ("fieldManager", "fieldValidation") if given.get(key)})
        if "dryRun" in given:
            options["dryRun"] = [given["dryRun"]]
        return options


def _sorted(found: Object) -> bytes:
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS)


def _user(call: Call) -> Object:
    user = call.user
    shown: Object = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        shown["uid"] = user.uid
    if user.extra:
        shown["extra"] = {name: list(values) for name, values in user.extra.items()}
    return shown


def of_write(call: Call, new: Object, old: Object | None) -> Attributes:
    """A creation or an update."""
    return Attributes(call, CREATE if old is None else UPDATE, new, old)
