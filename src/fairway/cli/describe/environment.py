"""The environment of a container: values, and where they come from."""

from __future__ import annotations

from fairway.cli.describe.page import NONE, Page, true

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.objects import Object


def environment(page: Page, container: Object, pod: Object | None) -> None:
    """Both lists: whole objects taken over, and single variables.  ``pod`` is known outside of templates."""
    if container.get("envFrom"):
        page.line(2, "Environment Variables from:")
        for source in container["envFrom"]:
            _source(page, source)
    variables = container.get("env") or ()
    page.line(2, *(("Environment:",) if variables else ("Environment:", NONE)))
    for variable in variables:
        origin = variable.get("valueFrom")
        if origin is None:
            first, *rest = (variable.get("value") or "").split("\n")
            page.line(3, f"{variable.get('name', '')}:", first)
            for line in rest:
                page.line(3, "", line)
        else:
            _origin(page, f"{variable.get('name', '')}:", origin, container, pod)


def _source(page: Page, source: Object) -> None:
    word, found = "", {}
    if source.get("configMapRef") is not None:
        word, found = "ConfigMap", source["configMapRef"]
    elif source.get("secretRef") is not None:
        word, found = "Secret", source["secretRef"]
    if source.get("prefix"):
        word += f" with prefix '{source['prefix']}'"
    page.line(3, found.get("name", ""), word, f"Optional: {true(found.get('optional'))}")


def _origin(page: Page, name: str, origin: Object, container: Object, pod: Object | None) -> None:
    field, resource = origin.get("fieldRef"), origin.get("resourceFieldRef")
    secret, config_map = origin.get("secretKeyRef"), origin.get("configMapKeyRef")
    if field is not None:
        page.line(3, name, f"{_field(field, pod)} ({field.get('apiVersion', '')}:{field.get('fieldPath', '')})")
    elif resource is not None:
        from fairway.cli.describe.resources import of_container

        page.line(3, name, f"{of_container(resource, container)} ({resource.get('resource', '')})")
    elif secret is not None:
        where = f"<set to the key '{secret.get('key', '')}' in secret '{secret.get('name', '')}'>"
        page.line(3, name, where, f"Optional: {true(secret.get('optional'))}")
    elif config_map is not None:
        where = f"<set to the key '{config_map.get('key', '')}' of config map '{config_map.get('name', '')}'>"
        page.line(3, name, where, f"Optional: {true(config_map.get('optional'))}")


def _field(field: Object, pod: Object | None) -> str:
    """The value where kubectl can tell: it knows a pod's name and namespace only."""
    path = field.get("fieldPath")
    if pod is None or path not in ("metadata.name", "metadata.namespace"):
        return ""
    return str(pod["metadata"].get(path.removeprefix("metadata."), ""))
