"""Structural: what a structural schema makes of an object: fields pruned, defaults filled in, values checked.

Pure.  Shape: a schema is the ``openAPIV3Schema`` of a CustomResourceDefinition as it stands there, a dict.
Source: Kubernetes docs, "Extend the Kubernetes API with CustomResourceDefinitions", "Specifying a structural schema".
"""

PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
INT_OR_STRING = "x-kubernetes-int-or-string"
LIST_TYPE = "x-kubernetes-list-type"
LIST_MAP_KEYS = "x-kubernetes-list-map-keys"
MAP_TYPE = "x-kubernetes-map-type"
RULES = "x-kubernetes-validations"
IDENTITY = ("apiVersion", "kind", "metadata")
"""Members that every object has, whatever its schema says."""
