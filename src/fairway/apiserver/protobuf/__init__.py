"""Protobuf, as kubectl since 1.32 and clients written in Go send and ask for it, and the JSON that it means.

Shape: ``decode(raw)`` gives the object, with apiVersion and kind; ``encode(object)`` the bytes; ``content``
and ``event`` make parts of what was JSON all the time.  Imported only when somebody speaks it.
"""

from fairway.apiserver.protobuf.decoding import decode
from fairway.apiserver.protobuf.encoding import can, content, encode, ends, event, list_head
from fairway.apiserver.protobuf.messages import message_of
from fairway.objects.wire import Malformed

__all__ = ["MEDIA", "Malformed", "can", "content", "decode", "encode", "ends", "event", "list_head", "message_of"]

MEDIA = "application/vnd.kubernetes.protobuf"
