"""The task `start`: the peers in PeerInfo order, in waves, each peer confirmed listening."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from deploy.agent import verbs
from deploy.core.failures import command_options
from deploy.core.inventory import Inventory, Peer
from deploy.core.plan import Facts, Step, Steps, hosts_of, peers_of
from deploy.core.relays import absent_line, relayed_hosts
from deploy.core.starting import Listening, Note, StartEvent, Wrong, not_listening, waves
from deploy.core.times import START as STARTING
from deploy.core.verdict import SKIPPED, UNREACHABLE, Outcome
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.fleet import Fleet
from deploy.edge.hosts.host import HostLink
from deploy.edge.tasks.chain import Chain, Halt
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.stop import SLACK_SECONDS, stop_on
from peer.core.counting import count_of
from peer.core.errors import parse_words

LISTEN_SECONDS = 30.0  # for a loaded peer to say that it listens, which takes it a moment, whatever it has on its disk


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for peer in inventory.chosen_peers:
        address = inventory.host(peer.host).peer_address
        role = "the seed" if peer.seed else "a peer without the payload"
        what = f"start {role}, wait until {address} port {peer.port} listens"
        yield Step("start", peer.host, peer.peer_id, what)


def _start(chain: Chain, steps: Steps, options: Options) -> None:
    with chain.timing(STARTING):
        tell_chain = partial(tell, chain)
        Starter(chain.fleet, chain.inventory, steps, options.keep_going, tell_chain, lost(chain)).run()
    relayed = chain.able(relayed_hosts(chain.inventory))
    if relayed:
        where = command_options(chain.inventory)
        chain.screen.note(absent_line(relayed, chain.inventory.swarm.limits.patience, where))


def lost(chain: Chain) -> tuple[int, ...]:
    """The chosen peers whose hosts have dropped out: the others needn't wait for them."""
    return tuple(peer.peer_id for peer in chain.inventory.chosen_peers if peer.host in chain.down)


def tell(chain: Chain, event: StartEvent) -> None:
    """Show what a start has to tell; only the thread that owns the screen calls this."""
    if isinstance(event, Wrong):
        chain.fail(event.outcomes)
    elif isinstance(event, Note):
        chain.screen.note(event.text)
    elif isinstance(event, Listening):
        chain.screen.note(str(event))
        chain.record("started", host=event.peer.host, peer=event.peer.peer_id, state="ok", already=event.already)


class Starter:
    """Starts peers in order. It changes nothing but the hosts, so it may run in any thread; `tell` gets its events.

    `absent`: peers that the others needn't wait for. Once it is `cancelled`, from another thread, it ends as after
    Ctrl-C.
    """

    def __init__(
        self,
        fleet: Fleet,
        inventory: Inventory,
        steps: Steps,
        keep_going: bool,
        tell: Callable[[StartEvent], object],
        absent: tuple[int, ...] = (),
    ) -> None:
        self.cancelled = False
        self._fleet = fleet
        self._inventory = inventory
        self._steps = steps
        self._keep_going = keep_going
        self._tell = tell
        self._absent = absent
        self._down: set[str] = set()  # hosts that couldn't be reached
        self._begun: list[Peer] = []
        self._failed: list[Peer] = []

    def run(self) -> None:
        """Start the peers in the steps' order, in waves; all of a wave are confirmed listening before the next begins.

        The first that fails ends it with its wave, and what was started is stopped again, unless `keep_going`. Raises
        Halt then.
        """
        # All of them simultaneously, so that the order costs little.
        self._ask(self._warm, hosts_of(self._steps))
        peers = [peer for peer in map(self._inventory.peer, peers_of(self._steps)) if peer.host not in self._down]
        try:
            for wave in waves(peers):
                self._start_wave(wave)
                if self._failed and not self._keep_going:
                    self._give_up(peers)
        except KeyboardInterrupt:
            self._stop_again()
            raise
        started = len(self._begun) - len(self._failed)
        self._tell(Note(f"started {started} of {count_of(len(self._inventory.chosen_peers), 'peer')}"))
        if not started:
            raise Halt("no peer could be started")

    def _warm(self, link: HostLink) -> object:
        return link.ask(verbs.Warm(tuple(peers_of(self._steps, link.name)), self._absent))

    def _start_wave(self, wave: Sequence[Peer]) -> None:
        if self.cancelled:
            raise KeyboardInterrupt
        self._begun += wave
        on_hosts, bad = self._fleet.each(
            dict.fromkeys(peer.host for peer in wave),
            lambda link: self._start_on(link, [peer for peer in wave if peer.host == link.name]),
        )
        for peer in wave:
            answer = bad.get(peer.host) or on_hosts[peer.host][peer.peer_id]
            event = self._event(peer, answer)
            if isinstance(event, Wrong):
                self._failed.append(peer)
            self._tell(event)

    def _start_on(self, link: HostLink, peers: Sequence[Peer]) -> dict[int, verbs.Started | HostError]:
        """Start these peers of one host one by one; the answer about each. A host that is lost gets no more."""
        answers: dict[int, verbs.Started | HostError] = {}
        lost: HostError | None = None
        for peer in peers:
            request = verbs.Start(peer.peer_id, LISTEN_SECONDS, self._absent)
            try:
                answers[peer.peer_id] = lost or link.ask(request, LISTEN_SECONDS + SLACK_SECONDS)
            except HostError as error:
                answers[peer.peer_id] = error
                lost = error if error.state == UNREACHABLE else None
        return answers

    def _event(self, peer: Peer, answer: verbs.Started | HostError) -> Listening | Wrong:
        if isinstance(answer, HostError):
            return self._wrong([answer.outcome(peer.host, peer.peer_id)])
        if answer.listening or answer.code == 0:
            return Listening(peer, answer.already)
        return Wrong((not_listening(peer, answer.code, parse_words(answer.reason), LISTEN_SECONDS),))

    def _give_up(self, peers: list[Peer]) -> None:
        self._stop_again()
        because = f"peer {self._failed[0].peer_id} couldn't be started"
        rest = [peer for peer in peers if peer not in self._failed and peer.host not in self._down]
        self._tell(Wrong(tuple(Outcome(peer.host, SKIPPED, because, "", peer.peer_id) for peer in rest)))
        raise Halt(f"{because}, so the others aren't; `--keep-going` starts them all the same")

    def _stop_again(self) -> None:
        hosts = {peer.host for peer in self._begun} - self._down
        if hosts:
            self._tell(Note("stopping what was started"))
            self._ask(lambda link: stop_on(link, self._inventory), hosts)

    def _ask(self, work: Callable[[HostLink], object], hosts: Iterable[str]) -> None:
        _, bad = self._fleet.each(hosts, work)
        if bad:
            self._tell(self._wrong([error.outcome(name) for name, error in bad.items()]))

    def _wrong(self, outcomes: list[Outcome]) -> Wrong:
        self._down.update(outcome.host for outcome in outcomes if outcome.state == UNREACHABLE)
        return Wrong(tuple(outcomes))


START = (Phase(_describe, _start),)
