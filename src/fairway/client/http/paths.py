"""Paths: where a kind, an object and a subresource live in the API.  Pure.

Source: Kubernetes API concepts, "Resource URIs".
"""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from fairway.kinds.kind import Kind


def collection_path(kind: Kind, namespace: str | None) -> str:
    """``/api/v1/namespaces/default/services``; of all namespaces if ``None``."""
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    if kind.namespaced and namespace:
        root = f"{root}/namespaces/{quote(namespace, safe='')}"
    return f"{root}/{kind.plural}"


def object_path(kind: Kind, namespace: str | None, name: str, subresource: str = "") -> str:
    """``/api/v1/namespaces/default/services/web/status``.  An object without a namespace goes to ``default``."""
    path = f"{collection_path(kind, namespace or 'default')}/{quote(name, safe='')}"
    return f"{path}/{subresource}" if subresource else path


def with_query(path: str, parameters: Mapping[str, str]) -> str:
    """``path`` with those parameters that are not empty."""
    given = {name: value for name, value in parameters.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
