"""YAML writer: libyaml with the choices of quotes and blocks that Kubernetes' tools make."""

from typing import Any

import yaml

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_STRING = "tag:yaml.org,2002:str"
_OLD_BOOLEANS = ("y", "Y", "n", "N")
"""What YAML 1.1 reads as truth values, though not every reader does."""


class Writer(_Dumper):  # type: ignore[misc]
    """Quotes with ``"`` what would otherwise be read as another type; several lines become a block."""

    def ignore_aliases(self, data: Any) -> bool:
        """An object that stands twice is written twice."""
        return True


def _text(writer: Any, text: str) -> Any:
    if "\n" in text:
        return writer.represent_scalar(_STRING, text, style="|")
    is_plain = writer.resolve(yaml.ScalarNode, text, (True, False)) == _STRING
    is_plain = is_plain and text not in _OLD_BOOLEANS and not _is_base_60(text)
    return writer.represent_scalar(_STRING, text, style=None if is_plain else '"')


def _is_base_60(text: str) -> bool:
    """``1:30``, which the oldest YAML reads as a number."""
    head, colon, tail = text.lstrip("+-").partition(":")
    return bool(colon) and head[:1].isdigit() and tail.replace(":", "").replace(".", "").isdigit()


def _number(writer: Any, value: float) -> Any:
    from fairway.cli.printers.documents import number_text

    return writer.represent_scalar("tag:yaml.org,2002:float", number_text(value))


Writer.add_multi_representer(dict, lambda writer, value: writer.represent_dict(value))
Writer.add_representer(str, _text)
Writer.add_representer(float, _number)


def written(value: Any) -> str:
    """The document."""
    text: str = yaml.dump(value, Dumper=Writer, sort_keys=True, allow_unicode=True, default_flow_style=False)
    return text
