"""Bootstrap tokens: those of Secrets in kube-system, with which a machine asks to join before it has an identity.

Pure: the Secret and the time are arguments.
Source: Kubernetes docs, "Authenticating with Bootstrap Tokens".
"""

import hmac
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping

from fairway.apiserver.call import AUTHENTICATED, User
from fairway.objects import Object
from fairway.objects.meta import unix_seconds

NAMESPACE, TYPE = "kube-system", "bootstrap.kubernetes.io/token"
GROUP = "system:bootstrappers"
_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_EXTRA_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")


def parts(token: str) -> tuple[str, str] | None:
    """(id, secret) of what has the shape of a bootstrap token."""
    found = _TOKEN.fullmatch(token)
    return (found[1], found[2]) if found else None


def secret_name(id_: str) -> str:
    """The Secret that a token of this id is kept in."""
    return f"bootstrap-token-{id_}"


def user(secret: Object, id_: str, given: str, now_s: float) -> User | None:
    """Whom the token stands for; ``None`` if the Secret does not say that it may be used, now and to authenticate."""
    if secret.get("type") != TYPE or secret["metadata"].get("deletionTimestamp"):
        return None
    data = secret.get("data") or {}
    if _text(data, "token-id") != id_ or not hmac.compare_digest(_text(data, "token-secret").encode(), given.encode()):
        return None
    if _text(data, "usage-bootstrap-authentication") != "true" or _is_over(_text(data, "expiration"), now_s):
        return None
    groups = [group for group in _text(data, "auth-extra-groups").split(",") if group]
    if not all(_EXTRA_GROUP.fullmatch(group) for group in groups):
        return None
    return User(f"system:bootstrap:{id_}", (GROUP, *sorted(set(groups)), AUTHENTICATED))


def _is_over(expiration: str, now_s: float) -> bool:
    """What cannot be read has passed."""
    if not expiration:
        return False
    try:
        return unix_seconds(expiration) <= now_s
    except ValueError:
        return True


def _text(data: Mapping[str, str], field: str) -> str:
    try:
        return b64decode(data.get(field) or "").decode()
    except (Base64Error, UnicodeDecodeError):
        return ""
