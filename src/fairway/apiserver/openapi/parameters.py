"""Parameters: what operations are asked with, beside a body.

Source: Kubernetes docs, "Common Parameters" in the API reference; the words are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a query or path."""

    name: str
    description: str
    type: str = "string"
    place: str = "query"


NAMESPACE = Parameter("namespace", "The namespace of the object.", place="path")
PRETTY = Parameter("pretty", "If 'true', the answer is indented for human readers.")
_DRY_RUN = Parameter("dryRun", "Check and answer, but store nothing. The only value is All.")
WRITE = (
    _DRY_RUN,
    Parameter("fieldManager", "The name of the actor that is making these changes, at most 128 characters."),
    Parameter("fieldValidation", "What becomes of unknown and duplicate fields: Ignore, Warn or Strict."),
)
FORCE = Parameter("force", "Take over fields that others manage; for apply only.", "boolean")
SELECTION = (
    Parameter("continue", "The token of the page before, to get the next one."),
    Parameter("fieldSelector", "Restricts the list of returned objects by their fields. Everything by default."),
    Parameter("labelSelector", "Restricts the list of returned objects by their labels. Everything by default."),
    Parameter("limit", "The most objects that one answer may hold; the rest is had with continue.", "integer"),
    Parameter("resourceVersion", "How new the answer must be at least."),
    Parameter("resourceVersionMatch", "How resourceVersion is understood: NotOlderThan or Exact."),
    Parameter("sendInitialEvents", "Let a watch begin with the objects that there are.", "boolean"),
    Parameter("timeoutSeconds", "Ends the call after this time.", "integer"),
)
LIST = (
    Parameter("allowWatchBookmarks", "Let a watch say from time to time how far it is.", "boolean"),
    *SELECTION,
    Parameter("watch", "Watch for changes to the described resources, as a stream of events.", "boolean"),
)
WATCH = tuple(sorted((*LIST, PRETTY), key=lambda parameter: parameter.name))
DELETE = (
    _DRY_RUN,
    Parameter("gracePeriodSeconds", "How long the object may take to stop; zero is at once.", "integer"),
    Parameter(
        "ignoreStoreReadErrorWithClusterBreakingPotential",
        "Delete even what cannot be read from the store; finalizers are not heeded then.", "boolean",
    ),
    Parameter("orphanDependents", "Deprecated: use propagationPolicy.", "boolean"),
    Parameter("propagationPolicy", "What becomes of dependents: Orphan, Background or Foreground."),
)  # fmt: skip
_OF_WHY = (
    Parameter("from", "Who calls: pod/NAME, NAMESPACE/pod/NAME, node/NAME, outside, or an IP address outside."),
    Parameter("port", "The port that is called, by number or name. All ports of the Service by default."),
    Parameter("address", "Of a namespace: what is asked about, as a caller in it types it, such as http://web:80/."),
    Parameter("protocol", "The protocol of that port: TCP, UDP or SCTP. Any by default."),
)
_CONTAINER = Parameter("container", "The container. Default the only one, or the first.")
_STDIN = Parameter("stdin", "Whether standard input is sent.", "boolean")
_OUTPUT = (
    Parameter("stderr", "Whether standard error is wanted.", "boolean"),
    Parameter("stdout", "Whether standard output is wanted.", "boolean"),
    Parameter("tty", "Whether it runs on a terminal.", "boolean"),
)
OPTIONS: Mapping[str, tuple[Parameter, ...]] = {
    "attach": (_CONTAINER, _STDIN, *_OUTPUT),
    "exec": (Parameter("command", "The command, and each argument, without a shell."), _CONTAINER, _STDIN, *_OUTPUT),
    "log": (
        _CONTAINER,
        Parameter("follow", "Whether to go on with what is written later.", "boolean"),
        Parameter("insecureSkipTLSVerifyBackend", "Whether the node's certificate is taken unseen.", "boolean"),
        Parameter("limitBytes", "After how many bytes to end.", "integer"),
        Parameter("previous", "Whether the log before the last start is wanted.", "boolean"),
        Parameter("sinceSeconds", "How many seconds back to begin.", "integer"),
        Parameter("stream", "All, Stdout or Stderr."),
        Parameter("tailLines", "How many lines before the end to begin.", "integer"),
        Parameter("timestamps", "Whether each line begins with its time.", "boolean"),
    ),
    "portforward": (Parameter("ports", "The ports that are forwarded.", "integer"),),
    "proxy": (Parameter("path", "The path behind the object."),),
    "why": _OF_WHY,
}  # fmt: skip
"""What some subresources ask for."""
