"""Http: transport requests in, transport answers out; the only part of the API server that knows HTTP.

Shape: ``Http.handle`` answers reads at once, without a task; everything else gives a coroutine.
Source: Kubernetes API concepts; the headers are those that kube-apiserver sends.
"""

import logging
from collections.abc import Awaitable, Sequence
from time import perf_counter
from typing import TypeVar

from fairway.apiserver import answers, authorization, bodies, go_json, negotiation, routing, web_socket
from fairway.apiserver.aggregation.aggregation import Aggregation, Remote
from fairway.apiserver.aggregation.forwarding import asked as asked_elsewhere
from fairway.apiserver.aggregation.forwarding import forwarded
from fairway.apiserver.audit import Audit
from fairway.apiserver.authentication import Authenticator
from fairway.apiserver.authorization import Asked, attributes
from fairway.apiserver.call import Call, User
from fairway.apiserver.fairness import WRITE_S, Fairness, Flow
from fairway.apiserver.impersonation import Impersonation, wanted
from fairway.apiserver.list_options import flag, timeout_of
from fairway.apiserver.metrics import Labels, Metrics
from fairway.apiserver.negotiation import JSON, PROTOBUF, YAML, Form
from fairway.apiserver.open_watches import OpenWatches
from fairway.apiserver.pages import Pages
from fairway.apiserver.reply import Reply, Watching
from fairway.apiserver.routes import Route, Routes, media_version, verb
from fairway.apiserver.seen import Seen
from fairway.apiserver.serve import Api
from fairway.apiserver.shapes import Shape, Shapes, speaks_protobuf
from fairway.apiserver.subresources.connects import CONNECTS, connected
from fairway.apiserver.verbs.table import find
from fairway.apiserver.watch_stream import StreamWatch
from fairway.kinds.kind import Kind
from fairway.objects.errors import StatusError, internal, not_acceptable
from fairway.transport.interface import Answer, Request, Response, Stream, TakeOver

log = logging.getLogger(__name__)

_WITH_BODY = ("create", "update")
Given = TypeVar("Given", Response, Stream, TakeOver, Answer)


Way = Route | Remote | None
"""Where a path leads: to a kind, to an extension server, or to a page."""


class Http:
    """The handler.  ``pages`` answers what is not below a kind: health, versions, discovery."""

    def __init__(
        self, api: Api, routes: Routes, pages: Pages, metrics: Metrics, aggregation: Aggregation,
        audit: Audit | None = None,
    ) -> None:  # fmt: skip
        self._audit = audit
        self._api = api
        self._routes = routes
        self._pages = pages
        self._metrics = metrics
        self._aggregation = aggregation
        self._authenticator = Authenticator(api.tokens)
        self._impersonation = Impersonation(api.authorizer.is_allowed)
        self._shapes = Shapes()
        self._answers = answers.Answers(api.settings.limits, api.pace)
        self._fairness = Fairness(api.cache, api.settings.limits.request_s)
        metrics.others.append(self._fairness.metrics)
        self._labels: dict[tuple[object, ...], Labels] = {}
        self._watches = OpenWatches(api.settings.limits)

    def forget(self, but: set[Kind]) -> None:
        """Keep nothing of kinds that are not served any more."""
        self._shapes.forget(but)
        self._labels = {key: found for key, found in self._labels.items() if key[0] in but}

    def handle(self, request: Request) -> Answer | Awaitable[Answer]:
        """See ``transport.interface.Handler``."""
        seen = Seen(request)
        try:
            user = seen.requester = self._authenticator.user(request.peer, request.headers)
            if (as_whom := wanted(request.headers)) is not None:
                user = self._acting(seen, as_whom)
            route = self._resolve(seen, user)
            asked = self._asked(seen, route)
            if self._audit is not None:
                self._begin_record(seen, user, route)
            flow = seen.flow = self._fairness.classify(user, asked)
            if self._fairness.waits(flow):
                return self._in_turn(seen, user, route, flow)
            return self._begun(seen, user, route, flow)
        except Exception as error:
            return self._failed(seen, error)

    def _begin_record(self, seen: Seen, user: User, route: Way) -> None:
        assert self._audit is not None
        request = seen.request
        seen.audit_id = seen.audit_id or self._answers.audit_id()
        users = [user] if user is seen.requester else [seen.requester, user]
        version = media_version(route.kind, route.served).rpartition("/")[2] if isinstance(route, Route) else ""
        now = self._api.clock()
        seen.record = self._audit.begin(seen.audit_id, request, users, seen.asked, version, now)
        if seen.record is not None:
            seen.record.reason = self._api.authorizer.reason(user, seen.asked)
            seen.record.constraint = seen.constraint
            seen.record.notes = self._authenticator.notes(request.peer, request.headers)

    def _begun(self, seen: Seen, user: User, route: Way, flow: Flow) -> Answer | Awaitable[Answer]:
        """Answer now; what waits for the store has a seat meanwhile."""
        began = perf_counter()
        answer = self._answer(seen, user, route)
        now = perf_counter()
        if flow.level.seats is None:
            return answer
        if not isinstance(answer, Awaitable):
            flow.used(now - began, now)
            return answer
        flow.used(now - began + WRITE_S, now)
        if self._lasts(seen):
            return answer
        self._fairness.take_seat(flow)
        return self._seated(answer, flow)

    async def _seated(self, coming: Awaitable[Answer], flow: Flow) -> Answer:
        try:
            return await coming
        finally:
            self._fairness.leave(flow)

    async def _in_turn(self, seen: Seen, user: User, route: Way, flow: Flow) -> Answer:
        try:
            await self._fairness.turn(flow)
        except StatusError as error:
            return self._failed(seen, error)
        has_seat = True
        try:
            began = perf_counter()
            answer = self._answer(seen, user, route)
            now = perf_counter()
            flow.used(now - began, now)
            if isinstance(answer, Awaitable):
                flow.used(WRITE_S, now)
                if self._lasts(seen):
                    has_seat = False
                    self._fairness.leave(flow)
                answer = await answer
            return answer
        finally:
            if has_seat:
                self._fairness.leave(flow)

    @staticmethod
    def _lasts(seen: Seen) -> bool:
        """Whether a request is a connection to something else, which may last: those hold no seat."""
        call = seen.call
        return call is not None and (call.kind.plural, call.subresource) in CONNECTS

    def _answer(self, seen: Seen, user: User, route: Way) -> Answer | Awaitable[Answer]:
        try:
            if isinstance(route, Remote):
                return self._of_others(seen, user, route)
            if route is None:
                return self._elsewhere(seen, user)
            return self._of_kind(seen, user, route)
        except Exception as error:
            return self._failed(seen, error)

    def _acting(self, seen: Seen, as_whom: User) -> User:
        """Who makes a request that its sender makes as another.  Raises: ``StatusError`` 403."""
        try:
            way: Way = self._aggregation.find(seen.request.path) or self._routes.resolve(seen.request.path)
        except StatusError:
            way = None
        found = self._impersonation.acting(seen.requester, as_whom, self._asked(seen, way))
        seen.constraint = found.constraint
        return found.user

    def _resolve(self, seen: Seen, user: User) -> Way:
        """Where the path leads.  Raises: ``StatusError`` 404; 403 to those who are not told what there is."""
        if (remote := self._aggregation.find(seen.request.path)) is not None:
            return remote
        try:
            return self._routes.resolve(seen.request.path)
        except StatusError:
            asked = self._asked(seen, None)
            seen.flow = self._fairness.classify(user, asked)
            if not self._api.authorizer.is_allowed(user, asked):
                raise authorization.denied(user, asked) from None
            raise

    def _asked(self, seen: Seen, route: Way) -> Asked:
        """What the request wants to do."""
        request = seen.request
        if route is None:
            seen.asked = Asked(request.method.lower(), path=request.path)
            return seen.asked
        if isinstance(route, Remote):
            seen.asked = asked_elsewhere(request)
            return seen.asked
        # What is said twice counts as it is said first.
        options = seen.options = dict(reversed(request.query)) if request.query else {}
        # Who names an object gets it, whatever he says of watching.
        is_watch = route.is_watch or (not route.name and flag(options.get("watch")))
        asked_verb = verb(request.method, route, is_watch=is_watch)
        seen.labels = self._labels_of(route, asked_verb)
        selector = options.get("fieldSelector", "")
        seen.asked = attributes(asked_verb, route.kind, route.namespace, route.name, route.subresource, selector)
        return seen.asked

    # What is below a kind.

    def _of_kind(self, seen: Seen, user: User, route: Route) -> Answer | Awaitable[Answer]:
        request = seen.request
        call = seen.call = self._call(seen, user, route)
        if route.subresource:
            connect = CONNECTS.get((route.kind.plural, route.subresource))
            if connect is not None and route.kind.subresource(route.subresource) is not None:
                coming = connected(connect, call, request, self._api)
                # A backend may take as long as it likes; what joins a node's streams may not.
                return self._connected(seen, coming if route.subresource == "proxy" else self._api.bounded(coming))
        accept, shapes = request.headers.get("accept", ""), _shapes(call)
        form = negotiation.accepted(accept, shapes=shapes)
        if form.media == PROTOBUF and not speaks_protobuf(route.kind, route.served, form):
            form = negotiation.accepted(accept, has_protobuf=False, shapes=shapes)
        shape = self._shapes.of(route.kind, route.served, form, call.options.get("includeObject", ""))
        if call.verb in _WITH_BODY:
            call.body = bodies.read(call)
        if self._api.conversions.is_behind(route.kind):
            return self._converted(seen, call, shape, form)
        return self._read(seen, call, shape, form)

    async def _converted(self, seen: Seen, call: Call, shape: Shape, form: Form) -> Answer:
        """Objects of a custom kind that are in another version are converted before anybody looks."""
        try:
            await self._api.bounded(self._api.conversions.ensure(call.kind))
            found = self._read(seen, call, shape, form)
            return await found if isinstance(found, Awaitable) else found
        except Exception as error:
            return self._failed(seen, error)

    def _read(self, seen: Seen, call: Call, shape: Shape, form: Form) -> Answer | Awaitable[Answer]:
        reply = find(call)(call, self._api)
        if isinstance(reply, Awaitable):
            return self._replied(seen, call, shape, form, reply)
        if isinstance(reply, Watching):
            return self._watch(seen, call, reply, shape, form)
        return self._done(seen, self._answers.reply(seen.request, call, reply, shape, form))

    def _call(self, seen: Seen, user: User, route: Route) -> Call:
        """The request as verbs see it.  Raises: ``StatusError`` 405, 403."""
        request, kind, asked = seen.request, route.kind, seen.asked
        timeout_of(seen.options.get("timeout"))
        if not asked.verb:
            raise routing.no_verb(route)
        if not self._api.authorizer.is_allowed(user, asked):
            raise authorization.denied(user, asked)
        is_connection = (kind.plural, route.subresource) in CONNECTS
        routing.check(request, route, asked.verb, is_connection=is_connection)
        call = Call(
            asked.verb, kind, user, namespace=route.namespace, name=route.name, subresource=route.subresource,
            raw=request.body, content_type=request.headers.get("content-type", ""), options=seen.options,
            served=route.served, user_agent=request.headers.get("user-agent", ""),
        )  # fmt: skip
        if route.served is not None and route.served.warning:
            call.warnings.append(route.served.warning)
        elif kind.deprecated:
            call.warnings.append(kind.deprecated)
        return call

    async def _replied(self, seen: Seen, call: Call, shape: Shape, form: Form, coming: Awaitable[Reply]) -> Answer:
        try:
            reply = await self._api.bounded(coming, timeout_of(seen.options.get("timeout")))
            if isinstance(reply, Watching):
                return self._watch(seen, call, reply, shape, form)
            return self._done(seen, self._answers.reply(seen.request, call, reply, shape, form))
        except Exception as error:
            return self._failed(seen, error)

    async def _connected(self, seen: Seen, coming: Awaitable[Answer]) -> Answer:
        try:
            answer = await coming
        except Exception as error:
            return self._failed(seen, error)
        if not isinstance(answer, TakeOver):
            answer.headers = [*self._answers.headers(), *answer.headers]
        return self._done(seen, answer)

    def _watch(self, seen: Seen, call: Call, watching: Watching, shape: Shape, form: Form) -> Stream | TakeOver:
        if form.media == YAML:
            raise not_acceptable((f"{JSON};stream=watch", f"{PROTOBUF};stream=watch"))
        kind, metrics, labels = call.kind, self._metrics, seen.labels or Labels("WATCH")
        key = (kind.group, kind.version, kind.name)

        def over(sent: int) -> None:
            self._watches.end(call.user.name)
            metrics.watch_closed(labels)
            metrics.watch_events[key] = metrics.watch_events.get(key, 0) + sent
            metrics.observe(labels, 200, perf_counter() - seen.began)
            if seen.record is not None and self._audit is not None:
                self._audit.completed(seen.record, 200)

        self._watches.begin(call.user.name)
        watch = StreamWatch(watching, shape, self._api.cache, self._api.settings.limits, self._api.pace, over)
        stream = Stream(watch.opened, watch.closed, headers=self._answers.headers(call.warnings))
        if form.media == PROTOBUF:
            stream.content_type = f"{PROTOBUF};stream=watch"
        self._named(seen, stream)
        if seen.record is not None and self._audit is not None:
            self._audit.started(seen.record, 200)
        answer = web_socket.upgraded(seen.request, stream) if web_socket.is_asked(seen.request) else stream
        metrics.watch_opened(labels)
        return answer

    # What an extension server answers for.

    def _of_others(self, seen: Seen, user: User, remote: Remote) -> Awaitable[Answer]:
        if not self._api.authorizer.is_allowed(user, seen.asked):
            raise authorization.denied(user, seen.asked)
        return self._connected(seen, forwarded(remote, seen.request, user, self._aggregation, self._api))

    # Everything else.

    def _elsewhere(self, seen: Seen, user: User) -> Answer:
        request = seen.request
        if not self._api.authorizer.is_allowed(user, seen.asked):
            raise authorization.denied(user, seen.asked)
        return self._done(seen, self._answers.page(request, self._pages.answer(request)))

    def _failed(self, seen: Seen, error: Exception) -> Response:
        request = seen.request
        if not isinstance(error, StatusError):
            log.error("request failed", exc_info=error, extra={"method": request.method, "path": request.path})
            error = internal(f"{type(error).__name__}: {error}")
        warnings = seen.call.warnings if seen.call is not None else ()
        if self._audit is not None and seen.record is None and seen.flow is None:
            # Refused before it was known what is asked for, or by whom.
            seen.audit_id = seen.audit_id or self._answers.audit_id()
            asked = seen.asked if seen.asked.verb else Asked(request.method.lower(), path=request.path)
            seen.record = self._audit.begin(seen.audit_id, request, [User("")], asked, "", self._api.clock())
        return self._done(seen, self._answers.error(request, error, warnings))

    def _done(self, seen: Seen, answer: Given) -> Given:
        if isinstance(answer, TakeOver):
            status = 101
        else:
            status = answer.status
            self._named(seen, answer)
        if seen.record is not None and self._audit is not None:
            self._audit.answered(seen.record, seen.call, answer, status)
        self._metrics.observe(seen.labels or Labels(seen.request.method), status, perf_counter() - seen.began)
        return answer

    @staticmethod
    def _named(seen: Seen, answer: Response | Stream) -> None:
        """Say how the request was classified, and the name that the client gave it."""
        if seen.flow is not None:
            answer.headers.extend(seen.flow.headers)
        if seen.audit_id:
            answer.headers = [(name, seen.audit_id if name == "Audit-Id" else text) for name, text in answer.headers]

    def _labels_of(self, route: Route, asked_verb: str) -> Labels:
        scope = "resource" if route.name else "namespace" if route.namespace else "cluster"
        # A subresource that nobody serves is counted without its name: clients could make up any number of them.
        subresource = route.subresource if route.kind.subresource(route.subresource) is not None else ""
        key = (route.kind, id(route.served), asked_verb, subresource, scope)
        found = self._labels.get(key)
        if found is None:
            version = route.served.version if route.served else route.kind.version
            group = route.served.group if route.served else route.kind.group
            found = self._labels[key] = Labels(
                asked_verb.upper(), group, version, route.kind.plural, subresource, scope
            )
        return found


def _shapes(call: Call) -> Sequence[str]:
    """What the answer may be turned into: what is never stored into nothing, and a watch-list into no Table."""
    if "get" not in call.kind.verbs:
        return negotiation.AS_IT_IS
    options = call.options
    if call.verb == "watch" and flag(options.get("sendInitialEvents")) and flag(options.get("allowWatchBookmarks")):
        return negotiation.NO_TABLE
    return negotiation.ANY_SHAPE


def transport_error(status: int, text: str) -> Response:
    """What the transport answers by itself, in Kubernetes' form: for ``transport.limits.Limits.error_response``."""
    found = answers.TRANSPORT_ERRORS.get(status)
    error = found() if found else StatusError(status, "BadRequest" if status < 500 else "InternalError", text)
    body = go_json.dumps(error.status()) + b"\n"
    later = [("Retry-After", "1")] if status == 503 else []
    return Response(error.code, body, headers=[("Cache-Control", "no-cache, private"), *later])
