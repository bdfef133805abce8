"""What any Kubernetes object is: its metadata, labels, errors, schemas and patches.

Pure; imports nothing else of Fairway.  Nothing here knows a particular kind.
"""

from typing import Any

Object = dict[str, Any]
"""One Kubernetes object exactly as on the wire.  Never mutated once it was stored or handed out by a cache."""
