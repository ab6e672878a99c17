"""How to spell the handshake to each neighbour: some accept only one form, and hang up on any other.

A form that worked is kept. If the neighbour hangs up right after our handshake, the next form is tried.
"""

from __future__ import annotations

from typing import Collection, Dict, List

from peer.core.handshake import ASCII_STYLE, CLASSIC_STYLE, Style, is_fleet


class Spelling:
    """For one neighbour. `first`: the form to begin with, of `forms`."""

    def __init__(self, forms: List[Style]) -> None:
        self._forms = forms
        self._next = 0
        self._tried = 0

    def style(self) -> Style:
        """The form for the handshake that is sent now."""
        self._tried = self._next
        return self._forms[self._next]

    def answered(self, theirs: Style) -> None:
        """A handshake came back. If ours had a tag and theirs has none, the next one goes without the tag."""
        if is_fleet(self._forms[self._tried]) and not is_fleet(theirs):
            self._turn_to(_classic(theirs))

    def dialled_us(self, theirs: Style) -> None:
        """It accepts the form that it writes."""
        self._turn_to(theirs if is_fleet(theirs) else _classic(theirs))

    def hung_up(self) -> None:
        """It ended the connection right after our handshake."""
        if self._next == self._tried:  # else its answer has shown already which form to write
            self._next = (self._next + 1) % len(self._forms)

    def _turn_to(self, form: Style) -> None:
        if form in self._forms:
            self._next = self._forms.index(form)


class Spellings:
    """For all neighbours. `mine`: our own style; `classic`, `ascii_first`: peers known to speak so, and to spell so.

    In a swarm with keys every handshake has our own style, because only our peers have keys.
    """

    def __init__(
        self, mine: Style, classic: Collection[int] = (), ascii_first: Collection[int] = (), keyed: bool = False
    ) -> None:
        self.mine = mine
        self._classic = frozenset(classic)
        self._ascii_first = frozenset(ascii_first)
        self._keyed = keyed
        self._by_peer: Dict[int, Spelling] = {}

    def of(self, peer: int) -> Spelling:
        """The spelling for one neighbour."""
        spelling = self._by_peer.get(peer)
        if spelling is None:
            spelling = self._by_peer.setdefault(peer, Spelling(self._forms(peer)))
        return spelling

    def _forms(self, peer: int) -> List[Style]:
        if self._keyed:
            return [self.mine]
        forms = [CLASSIC_STYLE, ASCII_STYLE]
        if peer in self._ascii_first:
            return forms[::-1]
        return [self.mine, *forms] if is_fleet(self.mine) and peer not in self._classic else forms


def _classic(theirs: Style) -> Style:
    return ASCII_STYLE if theirs.ascii_id or theirs.padding == ASCII_STYLE.padding else CLASSIC_STYLE
