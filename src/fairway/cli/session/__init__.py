"""Session: the cluster that a command speaks to: its API, the namespace, its resources.

Shape: ``Session(flags)`` with the values of the global flags; ``namespace``, ``api`` and ``resources`` are made when
first asked for, so that a command which needs none of them pays for none.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.flags import Values
    from fairway.cli.resources import Resources
    from fairway.client.blocking import Api
    from fairway.client.kubeconfig.selection import Access


class Session:
    """See the module.  ``warnings`` counts what the server warned of; ``is_quiet``: nobody wants to know."""

    def __init__(self, flags: "Values") -> None:
        self.flags = flags
        self.warnings = 0
        self.is_quiet = False
        self._told: set[str] = set()
        self._access: Access | None = None
        self._api: Api | None = None
        self._resources: Resources | None = None

    @property
    def access(self) -> "Access":
        """Who is asked, and as whom.  Raises: ``Failure``."""
        if self._access is None:
            from fairway.cli.session.access import access_of

            self._access = access_of(self.flags)
        return self._access

    @property
    def namespace(self) -> str:
        """The namespace of ``-n``, else the context's, else ``default``."""
        return self.flags.namespace or self.access.namespace

    @property
    def is_namespace_given(self) -> bool:
        """Whether ``-n`` insists on a namespace, so that a manifest may not name another."""
        return bool(self.flags.namespace)

    @property
    def api(self) -> "Api":
        """The blocking client."""
        if self._api is None:
            from fairway.cli.session.access import agent, files_of, impersonation, loaded, timeout_s
            from fairway.client.blocking import Api

            trace = None
            if self.flags.v >= 6:
                from fairway.cli.session.trace import Trace

                trace = Trace(self.flags.v)
            self._api = Api(
                self.access,
                agent=agent(),
                timeout_s=timeout_s(self.flags),
                headers=impersonation(self.flags, lambda: loaded(files_of(self.flags))),
                warn=self._warn,
                trace=trace,
            )
        return self._api

    @property
    def resources(self) -> "Resources":
        """What words such as ``svc`` and ``deploy.apps`` mean."""
        if self._resources is None:
            from fairway.cli.resources import Resources

            self._resources = Resources(lambda: self.api, self.flags.cache_dir)
        return self._resources

    def _warn(self, text: str) -> None:
        if self.is_quiet:
            return
        self.warnings += 1
        if text not in self._told:
            self._told.add(text)
            sys.stdout.flush()
            print(f"Warning: {text}", file=sys.stderr)
