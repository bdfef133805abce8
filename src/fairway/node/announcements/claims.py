"""Claims: addresses looked for and answered for on the LANs, and what others say of them.

Shape: ``want`` says what to look for and what to answer for; ``hear`` takes what neighbours say; ``findings`` is who
else has which address.  Timers are the event loop's.
Source: RFC 5227, with shorter waits (its seconds are for hosts that may sit behind slow bridges): three probes a tenth
of a second apart, and two tenths for the last answer.  An address that another node of ours answered for until now is
announced at once and looked for afterwards, as nobody may wait for a take-over.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fairway.node.announcements import frames
from fairway.node.announcements.choice import Choice
from fairway.node.announcements.device import Device
from fairway.node.announcements.frames import Heard, mac_text
from fairway.node.announcements.lan import Lan

PROBES, PROBE_INTERVAL_S, LAST_ANSWER_S = 3, 0.1, 0.2
ANNOUNCE_AFTER_S = (0.0, 1.0, 3.0)
"""When an address is announced, from the moment that it is this node's."""
PACE_S = 0.0005
SOONEST_S = 0.001
"""Between the first announcements of two addresses."""
DEFEND_INTERVAL_S = 10.0
REFRESH_S = 30.0
"""So old may a finding be about an address that is not in use."""
RECHECK_S = 60.0
"""After this time it is seen whether the other machine still has the address."""


@dataclass(slots=True)
class _Claim:
    at: str
    who: str | None = None
    """Who else has it, in words; empty for nobody, ``None`` while that is not known."""
    answer: str = ""
    """Who has said so since it was last looked for."""
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    defended_s: float = float("-inf")


class Claims:
    """What this node says and knows about addresses.

    ``is_own`` says whether the machine itself has an address, ``is_friend`` whether a MAC address is of a node of this
    cluster; ``told`` is called when ``findings`` has changed.
    """

    def __init__(
        self, *, is_own: Callable[[str], bool], is_friend: Callable[[bytes], bool], told: Callable[[], None]
    ) -> None:
        self._is_own = is_own
        self._is_friend = is_friend
        self._told = told
        self._lans: dict[str, Lan] = {}
        self._probed: dict[str, _Claim] = {}
        self._held: dict[str, _Claim] = {}
        self._loop = asyncio.get_running_loop()
        self._turn_s = 0.0

    def findings(self) -> dict[str, str]:
        """Of addresses that were looked for who has them, empty for nobody; of those answered for only conflicts."""
        found = {claim.at: claim.who for claim in self._probed.values() if claim.who is not None}
        return found | {claim.at: claim.who for claim in self._held.values() if claim.who}

    # LANs

    def add(self, lan: Lan) -> None:
        """A LAN has come up: tell it everything."""
        self._lans[lan.device.name] = lan
        for at in (*self._probed, *self._held):
            lan.listen_for(at)
        for claim in self._held.values():
            self._announce_often(claim)

    def remove(self, name: str) -> None:
        """A LAN is gone."""
        if (lan := self._lans.pop(name, None)) is not None:
            lan.close()

    def close(self) -> None:
        """Say nothing more."""
        self.want(Choice())
        for name in [*self._lans]:
            self.remove(name)

    # What is wanted

    def want(self, choice: Choice) -> None:
        """Look for these, answer for those, and forget all others."""
        for known, wanted in ((self._probed, choice.probed), (self._held, choice.announced)):
            for at in [at for at in known if at not in wanted]:
                self._drop(known, at)
        for at in sorted(choice.announced - self._held.keys()):
            self._hold(at)
        for at in sorted(choice.probed - self._probed.keys()):
            self._look(self._note(self._probed, at))

    def _note(self, known: dict[str, _Claim], at: str) -> _Claim:
        for lan in self._lans.values():
            lan.listen_for(at)
        known[at] = _Claim(at)
        return known[at]

    def _drop(self, known: dict[str, _Claim], at: str) -> None:
        claim = known.pop(at)
        for timer in claim.timers:
            timer.cancel()
        for lan in self._lans.values():
            lan.forget(at)
        if claim.who is not None:
            self._told()

    def _later(self, claim: _Claim, delay_s: float, work: Callable[..., None], *more: object) -> None:
        claim.timers = [timer for timer in claim.timers if not timer.cancelled() and timer.when() > self._loop.time()]
        # uvloop takes what is due within half a millisecond for due now, and such a handle knows no time.
        claim.timers.append(self._loop.call_later(max(delay_s, SOONEST_S), work, claim, *more))

    def _send(self, made: Callable[[bytes], Iterable[bytes]]) -> None:
        for lan in self._lans.values():
            for frame in made(lan.device.mac):
                lan.send(frame)

    # Looking

    def _look(self, claim: _Claim) -> None:
        """Look for it, and again after a while: the longer ago, the less it says that nobody answered."""
        claim.answer = "this machine itself" if self._is_own(claim.at) else ""
        self._probe(claim, PROBES)

    def _probe(self, claim: _Claim, left: int) -> None:
        if claim.answer or not left:
            self._conclude(claim, claim.answer)
            self._later(claim, REFRESH_S, self._look)
            return
        self._send(lambda mac: [frames.probe(mac, claim.at)])
        self._later(claim, PROBE_INTERVAL_S if left > 1 else LAST_ANSWER_S, self._probe, left - 1)

    def _conclude(self, claim: _Claim, who: str) -> None:
        if claim.who != who:
            claim.who = who
            self._told()

    # Answering

    def _hold(self, at: str) -> None:
        claim = self._note(self._held, at)
        if self._is_own(at):
            self._conclude(claim, "this machine itself")
            return
        self._send(lambda mac: [frames.probe(mac, at)])
        self._announce_often(claim)

    def _announce_often(self, claim: _Claim) -> None:
        """At once, unless there are many: then one after the other, for others want to be heard meanwhile."""
        now_s = self._loop.time()
        self._turn_s = max(now_s, self._turn_s + PACE_S)
        for delay_s in ANNOUNCE_AFTER_S:
            if (after_s := self._turn_s - now_s + delay_s) > 0:
                self._later(claim, after_s, self._announce)
            else:
                self._announce(claim)

    def _announce(self, claim: _Claim) -> None:
        self._send(lambda mac: frames.announcement(mac, claim.at))

    def _defend(self, claim: _Claim, who: str) -> None:
        """Somebody else says that it has the address."""
        is_new = not claim.who
        self._conclude(claim, who)
        if self._loop.time() - claim.defended_s >= DEFEND_INTERVAL_S:
            claim.defended_s = self._loop.time()
            self._announce(claim)
        if is_new:
            self._later(claim, RECHECK_S, self._recheck)

    def _recheck(self, claim: _Claim) -> None:
        """Whether the other machine still has it: it must say so again."""
        seen = claim.who
        claim.who = None
        self._send(lambda mac: [frames.probe(mac, claim.at)])
        self._later(claim, LAST_ANSWER_S, self._rechecked, seen)

    def _rechecked(self, claim: _Claim, seen: str) -> None:
        if not claim.who:
            claim.who = seen
            self._conclude(claim, "")

    # Hearing

    def hear(self, device: Device, said: Heard) -> None:
        """A neighbour says something."""
        is_friend = self._is_friend(said.mac)
        who = f"{mac_text(said.mac)} on {device.name}"
        if said.claimed and not is_friend:
            self._claimed(said.claimed, who)
        if said.asked:
            self._asked(device, said, who, is_friend=is_friend)

    def _claimed(self, at: str, who: str) -> None:
        if (claim := self._probed.get(at)) is not None:
            claim.answer = who
            self._conclude(claim, who)
        if (claim := self._held.get(at)) is not None:
            self._defend(claim, who)

    def _asked(self, device: Device, said: Heard, who: str, *, is_friend: bool) -> None:
        is_probe = not said.claimed
        if said.asked in self._held and not (is_friend and is_probe) and device.name in self._lans:
            lan = self._lans[device.name]
            lan.send(frames.answer(lan.device.mac, said))
        elif is_probe and not is_friend and (claim := self._probed.get(said.asked)) is not None:
            # Both would like to have it: RFC 5227, 2.1.1.
            claim.answer = who
            self._conclude(claim, who)
