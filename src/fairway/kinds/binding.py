"""Binding (core/v1): says on which node a pod runs; taken, never stored.

Source: Kubernetes API reference, "Binding v1 core".
"""

from fairway.kinds.kind import Kind

BINDING = Kind(group="", version="v1", name="Binding", plural="bindings", verbs=("create",))
