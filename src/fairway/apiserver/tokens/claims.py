"""Claims: what a service-account token says, and which user that makes.  Pure.

Source: KEP-1205 (bound service-account tokens), KEP-4193 (node and credential claims); RFC 7519.
"""

import base64
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fairway.apiserver.call import AUTHENTICATED, User
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value

ACCOUNTS = "system:serviceaccounts"
DEFAULT_S, SHORTEST_S, LONGEST_S = 3600, 600, 1 << 32
PODS_S, EXTENDED_S = 3607, 365 * 24 * 3600
"""What new pods ask for, told by its odd number, and how long that is good for clients that read it once."""
PRIVATE = "kubernetes.io"
LEGACY_ISSUER, LEGACY = "kubernetes/serviceaccount", "kubernetes.io/serviceaccount"
"""Who issues tokens that live as long as their Secret, and how their claims begin."""
BOUND_KINDS = ("pod", "secret", "node")
_EXTRA = "authentication.kubernetes.io/"
CREDENTIAL = f"{_EXTRA}credential-id"
"""What a user's extra says of the token, or the certificate, that he has shown."""
_SKEW_S = 60
"""How far the clocks of those who issue and check may be apart."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An object that must be there, with this uid, for a token to be good.  ``kind`` is lower-case.

    ``holds``: instead of a uid, what its data must have as ``token``, in base64.
    """

    kind: str
    name: str
    uid: str
    holds: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token with a right signature says."""

    user: User
    namespace: str
    audiences: tuple[str, ...]
    begins_s: float
    ends_s: float
    bound: tuple[Bound, ...]
    """The account first."""
    stale_s: float = math.inf
    """From when on its bearer should have read a newer one."""

    def is_current(self, now_s: float) -> bool:
        """Whether the token has begun and not ended."""
        return self.begins_s - _SKEW_S <= now_s < self.ends_s


def user_name(namespace: str, account: str) -> str:
    """``system:serviceaccount:default:web``."""
    return f"system:serviceaccount:{namespace}:{account}"


def problems(spec: Object) -> Iterator[Problem]:
    """What is wrong with the spec of a TokenRequest."""
    asked = spec.get("expirationSeconds")
    if asked is None:
        return
    if asked < SHORTEST_S:
        yield invalid_value("spec.expirationSeconds", asked, "may not specify a duration less than 10 minutes")
    if asked > LONGEST_S:
        yield invalid_value("spec.expirationSeconds", asked, "may not specify a duration larger than 2^32 seconds")


def claims(
    account: Object, bound: Mapping[str, Object], *,
    issuer: str, audiences: list[str], now_s: float, lasts_s: int, credential: str,
) -> dict[str, Any]:  # fmt: skip
    """The claims of a fresh token for ``account``; ``bound`` are the objects it depends on, by lower-case kind.

    What a new pod is given lasts a year, and is noted as stale after the hour: clients of old read it only once.
    """
    metadata = account["metadata"]
    private: dict[str, Any] = {"namespace": metadata["namespace"]}
    for kind, one in {"serviceaccount": account, **bound}.items():
        private[kind] = {key: one["metadata"][key] for key in ("name", "uid") if one["metadata"].get(key)}
    now = int(now_s)
    if lasts_s == PODS_S and "pod" in bound and audiences == [issuer]:
        private["warnafter"] = now + lasts_s
        lasts_s = EXTENDED_S
    return {
        "aud": audiences, "exp": now + lasts_s, "iat": now, "iss": issuer, "jti": credential,
        PRIVATE: private, "nbf": now, "sub": user_name(metadata["namespace"], metadata["name"]),
    }  # fmt: skip


def verified(found: Mapping[str, Any]) -> Verified:
    """What signed claims mean.  Raises: ``ValueError`` if they are not those of a service account."""
    try:
        private = found[PRIVATE]
        namespace, account = private["namespace"], private["serviceaccount"]
        name = user_name(namespace, account["name"])
        if found["sub"] != name:
            raise ValueError("the subject is not the account")
        kinds = [("serviceaccount", account), *((kind, private[kind]) for kind in BOUND_KINDS if kind in private)]
        told = tuple(Bound(kind, one["name"], one.get("uid", "")) for kind, one in kinds)
        # A pod is on one node for all its life: the node of a pod's token is told, and not looked for.
        bound = tuple(one for one in told if one.kind != "node" or "pod" not in private)
        audiences = found["aud"]
        return Verified(
            User(name, (ACCOUNTS, f"{ACCOUNTS}:{namespace}", AUTHENTICATED), account["uid"], _extra(found, told)),
            namespace, tuple([audiences] if isinstance(audiences, str) else audiences),
            float(found.get("nbf", found["iat"])), float(found["exp"]), bound,
            float(private.get("warnafter") or math.inf),
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise ValueError(f"claim {error} is missing or malformed") from error


def verified_secret(found: Mapping[str, Any], token: str, audience: str) -> Verified:
    """As ``verified``, for the claims of a token that lives in a Secret.  Raises: ``ValueError``."""
    try:
        namespace, account = found[f"{LEGACY}/namespace"], found[f"{LEGACY}/service-account.name"]
        uid, secret = found[f"{LEGACY}/service-account.uid"], found[f"{LEGACY}/secret.name"]
        name = user_name(namespace, account)
        if found["sub"] != name:
            raise ValueError("the subject is not the account")
        held = base64.b64encode(token.encode()).decode()
        bound = (Bound("serviceaccount", account, uid), Bound("secret", secret, "", held))
        user = User(name, (ACCOUNTS, f"{ACCOUNTS}:{namespace}", AUTHENTICATED), uid)
        return Verified(user, namespace, (audience,), 0.0, math.inf, bound)
    except (KeyError, TypeError) as error:
        raise ValueError(f"claim {error} is missing or malformed") from error


def _extra(found: Mapping[str, Any], bound: tuple[Bound, ...]) -> dict[str, list[str]]:
    extra = {CREDENTIAL: [f"JTI={found['jti']}"]} if found.get("jti") else {}
    for one in bound:
        if one.kind in ("pod", "node"):
            extra[f"{_EXTRA}{one.kind}-name"] = [one.name]
            if one.uid:
                extra[f"{_EXTRA}{one.kind}-uid"] = [one.uid]
    return extra
