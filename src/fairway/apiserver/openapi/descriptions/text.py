"""Text: the shape of the tables that descriptions stand in."""

from collections.abc import Mapping

Texts = Mapping[str, tuple[str, Mapping[str, str]]]
"""Definition without its ``io.k8s.api`` or ``io.k8s.apimachinery.pkg.apis`` beginning -> what it is, and its fields."""
