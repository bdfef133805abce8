"""Reviews: what a webhook is asked, and what its answer means.  Pure.

Source: Kubernetes docs, "Dynamic Admission Control", "Webhook request and response"; the texts are upstream's.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import Any

import orjson

from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.strict.go_syntax import syntax_error

_control = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What no header can carry: such a warning is left out."""
_VERSIONS = ("v1", "v1beta1")
_GROUP = "admission.k8s.io"
_TYPES = {"allowed": bool, "status": dict, "auditAnnotations": dict, "warnings": list, "uid": str}
"""What the members of a response must be, if they are there."""


class BadAnswer(Exception):
    """A webhook that did not answer as it must; the text says how."""


class Unfit(Exception):
    """A patch that cannot be applied, whatever the failure policy; the text says why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a webhook says.  ``patch`` are JSON patch operations; ``refusal`` is set if it says no."""

    patch: list[Object] = field(default_factory=list)
    refusal: StatusError | None = None
    warnings: tuple[str, ...] = ()
    annotations: dict[str, str] = field(default_factory=dict)


def version_of(webhook: Object) -> str:
    """The first version that the webhook and we speak."""
    return str(next(one for one in webhook["admissionReviewVersions"] if one in _VERSIONS))


def question(request: Object, version: str) -> bytes:
    """The AdmissionReview to send."""
    return orjson.dumps({"kind": "AdmissionReview", "apiVersion": f"{_GROUP}/{version}", "request": request})


def verdict(name: str, body: bytes, uid: str, version: str, *, mutating: bool) -> Verdict:
    """What the answer of the webhook ``name`` means.  Raises: ``BadAnswer``."""
    try:
        review: Any = orjson.loads(body)
    except ValueError as error:
        told = syntax_error(body) or str(error)
        raise BadAnswer(f"failed to call webhook: couldn't get version/kind; json parse error: {told}") from error
    response = review.get("response") if isinstance(review, dict) else None
    if not isinstance(response, dict):
        raise BadAnswer("received invalid webhook response: webhook response was absent")
    for member, type_ in _TYPES.items():
        if not isinstance(response.get(member), type_ | None):
            raise BadAnswer(f"failed to call webhook: json: cannot unmarshal response.{member} of the answer")
    if version == "v1" and (wrong := _wrong(review, response, uid, mutating=mutating)):
        raise BadAnswer(f"received invalid webhook response: {wrong}")
    patch = _patch(response, version) if mutating else []
    warnings = tuple(str(one) for one in response.get("warnings") or () if one and not _control.search(str(one)))
    annotations = {f"{name}/{key}": str(value) for key, value in (response.get("auditAnnotations") or {}).items()}
    refusal = None if response.get("allowed") is True else _refusal(name, response.get("status") or {})
    return Verdict(patch, refusal, warnings, annotations)


def _wrong(review: Object, response: Object, uid: str, *, mutating: bool) -> str:
    """What v1 forbids and the older version has let pass; empty for nothing."""
    if response.get("uid") != uid:
        return f'expected response.uid="{uid}", got "{response.get("uid") or ""}"'
    said = f"{review.get('apiVersion') or '/'}, Kind={review.get('kind') or ''}"
    wanted = f"{_GROUP}/v1, Kind=AdmissionReview"
    if said != wanted:
        return f"expected webhook response of {wanted}, got {said}"
    patch, kind = response.get("patch"), response.get("patchType")
    if not mutating:
        if patch:
            return "validating webhook may not return response.patch"
        return "validating webhook may not return response.patchType" if kind is not None else ""
    if patch and kind is None:
        return "webhook returned response.patch but not response.patchType"
    if not patch and kind is not None:
        return "webhook returned response.patchType but not response.patch"
    return "" if kind != "" else 'webhook returned invalid response.patchType of ""'


def _patch(response: Object, version: str) -> list[Object]:
    given = response.get("patch")
    if not given:
        return []
    kind = response.get("patchType")
    if version == "v1" and kind != "JSONPatch":
        raise BadAnswer(f'unsupported patch type "{kind}"')
    try:
        document = b64decode(given, validate=True)
    except (Base64Error, ValueError, TypeError) as error:
        raise BadAnswer(f"failed to call webhook: illegal base64 data in the patch: {error}") from error
    try:
        operations = orjson.loads(document)
    except ValueError as error:
        raise Unfit(syntax_error(document) or str(error)) from error
    if not isinstance(operations, list):
        raise Unfit("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    return operations


def _refusal(name: str, status: Object) -> StatusError:
    """The webhook's own status, with who it was that refused."""
    told = f'admission webhook "{name}" denied the request'
    why, reason = str(status.get("message") or ""), str(status.get("reason") or "")
    text = f"{told}: {why or reason}" if why or reason else f"{told} without explanation"
    code = status.get("code")
    code = code if isinstance(code, int) and code >= 400 else 400
    details = status.get("details")
    return StatusError(code, reason, text, details if isinstance(details, dict) else {})
