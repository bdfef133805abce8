"""Say who one is to the server: name, groups and more."""

import sys

from fairway.cli.printers import OUTPUT_FLAGS, printer_of
from fairway.cli.printers.columns import aligned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

FLAGS = OUTPUT_FLAGS
_PATH = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def run(call: "Call") -> int:
    """Ask, and print."""
    printer = printer_of(call.flags)
    review = call.session.api.create(_PATH, {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    if printer is not None:
        sys.stdout.write(printer(declared(review)))
        return 0
    sys.stdout.write(aligned([["ATTRIBUTE", "VALUE"], *rows_of((review.get("status") or {}).get("userInfo") or {})]))
    return 0


def declared(review: "dict[str, Any]") -> "dict[str, Any]":
    """The review with its fields in the order of their declaration.  Pure."""
    from fairway.cli.printers.documents import Declared

    user = (review.get("status") or {}).get("userInfo") or {}
    fields = Declared({name: user[name] for name in ("username", "uid", "groups", "extra") if name in user})
    whole = {
        "kind": review["kind"], "apiVersion": review["apiVersion"], "metadata": review.get("metadata") or {},
        "status": Declared(userInfo=fields),
    }  # fmt: skip
    return Declared(whole)


def rows_of(user: "dict[str, Any]") -> list[list[str]]:
    """What is known of a user.  Pure."""
    rows = [["Username", user["username"]]] if user.get("username") else []
    if user.get("uid"):
        rows.append(["UID", user["uid"]])
    if user.get("groups"):
        rows.append(["Groups", f"[{' '.join(user['groups'])}]"])
    extra = user.get("extra") or {}
    rows += [[f"Extra: {name}", f"[{' '.join(extra[name])}]"] for name in sorted(extra)]
    return rows
