"""Small changes to sound logs, each of which breaks one rule; and peers that misbehave in one way."""

from __future__ import annotations

import re
from random import Random
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from peer.core import eventlog, folder
from peer.core.eventlog import Entry
from tests.audit.simulated import Made, Texts, parsed_log
from tools.auditing.loglines import Line

Spot = Tuple[str, int]  # file and line that must be named; line 0: the file


class Damaged(NamedTuple):
    texts: Texts
    spot: Spot


class Logs:
    """Copies of a swarm's logs to be changed."""

    def __init__(self, made: Made, rng: Random) -> None:
        self.made = made
        self.rng = rng
        self.texts: Texts = {peer: list(lines) for peer, lines in made.texts.items()}
        self.parsed = {peer: parsed_log(folder.log(peer), "\n".join(lines), peer) for peer, lines in made.texts.items()}
        self.seeds = [row.peer_id for row in made.rows if row.has_file]
        self.leechers = [row.peer_id for row in made.rows if not row.has_file]
        self.total = -(-made.common.file_size // made.common.piece_size)

    def lines(self, *kinds: str, of: Optional[List[int]] = None) -> List[Tuple[int, Line]]:
        """(peer, line) of some kinds, in an order of chance."""
        found = [(p, line) for p in of or self.texts for line in self.parsed[p] if not kinds or line.kind in kinds]
        self.rng.shuffle(found)
        return found

    def changed(self, peer: int, number: int, text: str) -> Damaged:
        self.texts[peer][number - 1] = text
        return self.at(peer, number)

    def deleted(self, peer: int, number: int, spot: Optional[Spot] = None) -> Damaged:
        del self.texts[peer][number - 1]
        return Damaged(self.texts, spot or (folder.log(peer), number))

    def inserted(self, peer: int, after: int, entry: Entry, spot: Optional[Spot] = None) -> Damaged:
        """A line with the time of the one that it comes after."""
        stamp = self.texts[peer][max(0, after - 1)][:21]
        self.texts[peer].insert(after, stamp + eventlog.format_entry(entry))
        return Damaged(self.texts, spot or (folder.log(peer), after + 1))

    def moved(self, peer: int, number: int, after: int) -> None:
        """A line to a later or an earlier place, with the time that belongs there."""
        text = self.texts[peer].pop(number - 1)
        place = after - (after >= number)
        self.texts[peer].insert(place, self.texts[peer][max(0, place - 1)][:21] + text[21:])

    def at(self, peer: int, number: int) -> Damaged:
        return Damaged(self.texts, (folder.log(peer), number))


Damage = Callable[[Logs], Optional[Damaged]]  # None: nothing in this swarm can be damaged so
DAMAGES: Dict[str, Tuple[str, Damage]] = {}


def damage(rule: str, name: str) -> Callable[[Damage], Damage]:
    def add(function: Damage) -> Damage:
        DAMAGES[name] = (rule, function)
        return function

    return add


# ---- texts and times: a change of one line's letters

TEXTS: List[Tuple[str, str, str, str, str]] = [
    # name, rule, kind of line ("" for any), what is replaced, by what
    ("no full stop", "texts", "have", r"\.$", ""),
    ("double quotes", "texts", "have", "'", '"'),
    ("curly quotes", "texts", "not interested", r"'(.*)'", "\u2018\\1\u2019"),
    ("no quotes", "texts", "interested", "'", ""),
    ("brackets", "texts", "unchoked", r"(\d+)\.$", r"[\1]."),
    ("brackets around all", "texts", "piece", r"(?<=[rem] )(\d+)\b", r"[\1]"),
    ("small letters", "texts", "piece", "Peer", "peer"),
    ("British spelling", "texts", "preferred", "neighbors", "neighbours"),
    ("another separator in the list", "texts", "preferred", ", ", "; "),
    ("a comma at the end of the list", "texts", "preferred", r"\.$", ", ."),
    ("two blanks", "texts", "have", "received the", "received  the"),
    ("another word", "texts", "dialled", "makes a connection", "has made a TCP connection"),
    ("no number of pieces", "texts", "complete", "the complete file", "the whole file"),
    ("ID with a prefix", "texts", "choked", r"by (\d+)", r"by Peer \1"),
    ("stamp in brackets", "stamps", "", r"^(.{19}): ", r"[\1]: "),
    ("stamp with T", "stamps", "", r"^(.{10}) ", r"\1T"),
    ("stamp without colon", "stamps", "", r"^(.{19}): ", r"\1 "),
    ("stamp with milliseconds", "stamps", "", r"^(.{19}): ", r"\1.123: "),
    ("stamp with slashes", "stamps", "", r"^(\d{4})-(\d\d)-(\d\d)", r"\1/\2/\3"),
    ("American stamp", "stamps", "", r"^(\d{4})-(\d\d)-(\d\d)", r"\2/\3/\1"),
    ("time alone", "stamps", "have", r"^.{11}", ""),
    ("no stamp", "stamps", "have", r"^.{21}", ""),
    ("no such date", "stamps", "have", r"^(\d{4})-\d\d-\d\d", r"\1-13-45"),
    ("an hour earlier", "clock", "have", r"^(\S+ )(\d\d)", lambda m: f"{m[1]}{int(m[2]) - 1:02d}"),  # type: ignore[list-item]
    ("another peer's words", "names", "have", r"Peer \d+", "Peer 1999"),
]


def _letters(kind: str, old: str, new: str) -> Damage:
    def change(logs: Logs) -> Optional[Damaged]:
        for peer, line in logs.lines(*([kind] if kind else [])):
            text = re.sub(old, new, line.text)
            if text != line.text and line.number > 1:
                return logs.changed(peer, line.number, text)
        return None

    return change


for _name, _rule, _kind, _old, _new in TEXTS:
    DAMAGES[_name] = (_rule, _letters(_kind, _old, _new))


@damage("texts", "a line of the program's own")
def _own_line(logs: Logs) -> Damaged:
    peer, line = logs.lines("have")[0]
    logs.texts[peer].insert(line.number, line.text[:21] + "Sending request for piece 5")
    return logs.at(peer, line.number + 1)


@damage("names", "an unknown neighbour")
def _unknown(logs: Logs) -> Damaged:
    peer, line = logs.lines("have")[0]
    return logs.inserted(peer, line.number, Entry("have", peer, 1999, 0))


@damage("names", "itself as a neighbour")
def _itself(logs: Logs) -> Damaged:
    peer, line = logs.lines("have")[0]
    return logs.inserted(peer, line.number, Entry("interested", peer, peer))


@damage("logs", "no log")
def _no_log(logs: Logs) -> Damaged:
    peer = logs.leechers[-1]
    del logs.texts[peer]
    return logs.at(peer, 0)


# ---- connections


@damage("dials", "the line of a connection that was made is missing")
def _no_dial(logs: Logs) -> Damaged:
    peer, line = logs.lines("dialled")[0]
    count = len(logs.texts[peer]) - 1
    return logs.deleted(peer, line.number, (folder.log(peer), count))


@damage("dials", "dials a later peer")
def _dials_later(logs: Logs) -> Damaged:
    peer, line = logs.lines("accepted")[0]
    return logs.inserted(peer, line.number - 1, Entry("dialled", peer, line.other))


@damage("accepts", "is connected from an earlier peer")
def _accepts_earlier(logs: Logs) -> Damaged:
    peer, line = logs.lines("dialled")[0]
    return logs.inserted(peer, line.number - 1, Entry("accepted", peer, line.other))


@damage("both ends", "the line of a connection that was accepted is missing")
def _no_accept(logs: Logs) -> Damaged:
    peer, line = logs.lines("accepted")[0]
    assert line.other
    dial = next(one for one in logs.parsed[line.other] if one.kind == "dialled" and one.other == peer)
    return logs.deleted(peer, line.number, (folder.log(line.other), dial.number))


@damage("both ends", "a connection made twice")
def _dial_twice(logs: Logs) -> Damaged:
    peer, line = logs.lines("dialled")[0]
    return logs.inserted(peer, line.number, Entry("dialled", peer, line.other))


@damage("connected first", "something before the connection")
def _too_soon(logs: Logs) -> Damaged:
    peer, line = next((p, one) for p, one in logs.lines("accepted") if one.number > 1)
    return logs.inserted(peer, line.number - 1, Entry("interested", peer, line.other))


# ---- pieces


@damage("once", "a piece twice")
def _piece_twice(logs: Logs) -> Damaged:
    return _repeated(logs, "piece")


@damage("once", "the index of another piece")
def _other_index(logs: Logs) -> Damaged:
    peer, line = _inner(logs, "piece")
    before = next(one for one in logs.parsed[peer] if one.kind == "piece")
    return logs.changed(peer, line.number, line.text[:21] + _text(line, piece=before.piece))


@damage("once", "a piece after the last")
def _index_outside(logs: Logs) -> Damaged:
    peer, line = _inner(logs, "piece")
    return logs.changed(peer, line.number, line.text[:21] + _text(line, piece=logs.total))


@damage("once", "a seed downloads")
def _seed_downloads(logs: Logs) -> Damaged:
    peer, line = logs.lines("have", of=logs.seeds)[0]
    return logs.inserted(peer, line.number, Entry("piece", peer, line.other, line.piece, 1))


@damage("counted", "a number that is one too high")
def _one_more(logs: Logs) -> Damaged:
    peer, line = _inner(logs, "piece")
    return logs.changed(peer, line.number, line.text[:21] + _text(line, owned=(line.owned or 0) + 1))


@damage("counted", "a number that stays")
def _stays(logs: Logs) -> Damaged:
    peer, line = _inner(logs, "piece")
    return logs.changed(peer, line.number, line.text[:21] + _text(line, owned=(line.owned or 0) - 1))


@damage("counted", "the line of a piece is missing")
def _no_piece(logs: Logs) -> Damaged:
    peer, line = _inner(logs, "piece")
    after = next(one for one in logs.parsed[peer] if one.kind == "piece" and one.number > line.number)
    return logs.deleted(peer, line.number, (folder.log(peer), after.number - 1))


@damage("counted", "counting from 1 where 0 belongs")
def _from_two(logs: Logs) -> Damaged:
    peer = logs.leechers[0]
    last = 0
    for line in logs.parsed[peer]:
        if line.kind == "piece":
            last = line.number
            logs.changed(peer, last, line.text[:21] + _text(line, owned=(line.owned or 0) + 1))
    return logs.at(peer, last)


@damage("complete", "never complete")
def _never(logs: Logs) -> Damaged:
    peer, line = logs.lines("complete")[0]
    return logs.deleted(peer, line.number, (folder.log(peer), len(logs.texts[peer]) - 1))


@damage("complete", "complete twice")
def _complete_twice(logs: Logs) -> Damaged:
    peer, line = logs.lines("complete")[0]
    return logs.inserted(peer, line.number, Entry("complete", peer))


@damage("complete", "complete before the last piece")
def _complete_early(logs: Logs) -> Damaged:
    peer, line = logs.lines("complete")[0]
    last = [one for one in logs.parsed[peer] if one.kind == "piece"][-1]
    logs.moved(peer, line.number, last.number - 1)
    return logs.at(peer, last.number)


@damage("complete", "a seed downloads the complete file")
def _seed_complete(logs: Logs) -> Damaged:
    peer, line = logs.lines("have", of=logs.seeds)[0]
    return logs.inserted(peer, line.number, Entry("complete", peer))


@damage("complete", "complete without the last piece")
def _without_last(logs: Logs) -> Damaged:
    peer, line = logs.lines("complete")[0]
    last = [one for one in logs.parsed[peer] if one.kind == "piece"][-1]
    return logs.deleted(peer, last.number, (folder.log(peer), line.number - 1))


@damage("served", "pieces in spite of a choke")
def _in_spite(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("piece"):
        later = [one for one in logs.parsed[peer] if one.other == line.other and one.number > line.number]
        kinds = [one for one in later if one.kind in ("piece", "choked", "unchoked")][:2]
        if [one.kind for one in kinds] == ["piece", "piece"]:
            spot = (folder.log(peer), kinds[1].number + 1)
            return logs.inserted(peer, line.number, Entry("choked", peer, line.other), spot)
    return None


@damage("served", "a piece from a neighbour that has never unchoked")
def _never_unchoked(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("piece"):
        unchoked = {one.other for one in logs.parsed[peer] if one.kind == "unchoked" and one.number < line.number}
        met = {one.other for one in logs.parsed[peer] if one.kind in ("dialled", "accepted")
               and one.number < line.number}  # fmt: skip
        for other in sorted(met - unchoked - {None}):
            if other in logs.seeds:
                return logs.changed(peer, line.number, line.text[:21] + _text(line, other=other))
    return None


@damage("announced", "a 'have' after the piece")
def _have_late(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("piece"):
        have = _have(logs, peer, line.other, line.piece)
        if have:
            logs.moved(peer, have.number, line.number)
            return logs.at(peer, line.number - 1)
    return None


@damage("announced", "a piece from a neighbour that gets it later")
def _not_yet(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("piece"):
        for other in logs.leechers:
            have = _have(logs, peer, other, line.piece)
            if have and have.number > line.number and _is_unchoked(logs, peer, other, line.number):
                return logs.changed(peer, line.number, line.text[:21] + _text(line, other=other))
    return None


@damage("haves", "a 'have' is missing")
def _no_have(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("have"):
        assert line.other
        told = [one for one in logs.parsed[line.other] if one.kind == "piece" and one.piece == line.piece]
        later = [one for one in logs.parsed[peer] if one.kind == "have" and one.other == line.other]
        if told and later[-1].number > line.number:
            return logs.deleted(peer, line.number, (folder.log(line.other), told[0].number))
    return None


@damage("haves", "a 'have' twice")
def _have_twice(logs: Logs) -> Damaged:
    return _repeated(logs, "have")


@damage("haves", "a 'have' of a piece after the last")
def _have_outside(logs: Logs) -> Damaged:
    peer, line = logs.lines("have")[0]
    return logs.inserted(peer, line.number, _entry(line)._replace(piece=logs.total))


@damage("haves", "a 'have' with another index")
def _have_other(logs: Logs) -> Damaged:
    peer, line = logs.lines("have")[0]
    other = [one for one in logs.parsed[peer] if one.kind == "have" and one.other == line.other and one != line]
    wrong = max(line.number, other[0].number)
    return logs.changed(peer, line.number, line.text[:21] + _text(line, piece=other[0].piece))._replace(
        spot=(folder.log(peer), wrong)
    )


# ---- interest


@damage("interest", "a seed is interested")
def _seed_interested(logs: Logs) -> Damaged:
    peer, line = next((p, one) for p, one in logs.lines("have") if p not in logs.seeds)
    last = max(one.number for one in logs.parsed[peer] if one.kind in ("dialled", "accepted"))
    return logs.inserted(peer, max(last, line.number), Entry("interested", peer, logs.seeds[0]))


@damage("interest", "interested in a peer that has nothing")
def _in_nothing(logs: Logs) -> Damaged:
    peer, line = logs.lines("dialled", of=logs.leechers)[0]
    other = next(other for other in logs.leechers if any(_meets(logs, other, to) for to in logs.leechers))
    peer = next(to for to in logs.leechers if _meets(logs, other, to))
    meeting = next(one for one in logs.parsed[peer] if one.kind in ("dialled", "accepted") and one.other == other)
    first = next(one for one in logs.parsed[peer] if one.kind == "piece")
    assert line and meeting.number < first.number
    return logs.inserted(peer, meeting.number, Entry("interested", peer, other))


@damage("interest", "interest that never comes")
def _never_interested(logs: Logs) -> Damaged:
    peer, other = logs.seeds[0], logs.leechers[-1]
    lines = [one for one in logs.parsed[peer] if one.kind == "interested" and one.other == other]
    for line in reversed(lines):
        logs.deleted(peer, line.number)
    wanted = [one for one in logs.parsed[other] if one.other == peer and one.kind in ("have", "piece")]
    return logs.at(other, wanted[0].number)


@damage("interest", "an 'interested' is missing")
def _interest_lost(logs: Logs) -> Optional[Damaged]:
    """In the middle, where its neighbour waits for long for the piece."""
    for peer, line in logs.lines("interested", of=logs.leechers):
        words = [one for one in logs.parsed[peer] if one.other == line.other and "interested" in one.kind]
        place = words.index(line)
        after = words[place + 1].number if place + 1 < len(words) else len(logs.texts[peer])
        have = _awaited(logs, peer, line.other or 0, line.number, after)
        if sum(one.kind == "interested" for one in words) > 1 and place > 0 and have:
            return logs.deleted(peer, line.number, (folder.log(peer), have.number - 1))
    return None


@damage("interest", "interest for ever")
def _no_end(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("not interested"):
        words = [one for one in logs.parsed[peer] if one.other == line.other and "interested" in one.kind]
        last = max((one.seconds or 0) for one in logs.parsed[peer])
        if line == words[-1] and len(words) > 1 and line.other in logs.leechers and last - (line.seconds or 0) > 3:
            return logs.deleted(peer, line.number, (folder.log(peer), words[-2].number))
    return None


@damage("interest", "interested where nothing is lacked")
def _wrong_word(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("not interested"):
        words = [one for one in logs.parsed[peer] if one.other == line.other and "interested" in one.kind]
        if line == words[-1] and line.other in logs.leechers and peer in logs.seeds:
            return logs.changed(peer, line.number, line.text.replace("not ", ""))
    return None


# ---- choices


@damage("preferred number", "one preferred neighbour too many")
def _too_many(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("preferred"):
        favourite = [one.other for one in logs.parsed[peer] if one.kind == "optimistic" and one.number < line.number]
        if len(line.others) == logs.made.common.preferred and favourite and favourite[-1] not in line.others:
            return logs.changed(peer, line.number, f"{line.text[:-1]}, {favourite[-1]}.")
    return None


@damage("preferred number", "the same neighbour twice")
def _twice(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("preferred"):
        if len(line.others) < logs.made.common.preferred:
            return logs.changed(peer, line.number, f"{line.text[:-1]}, {line.others[0]}.")
    return None


@damage("preferred change", "a preferred line without a change")
def _unchanged(logs: Logs) -> Damaged:
    return _repeated(logs, "preferred")


@damage("optimistic change", "an optimistic line without a change")
def _unchanged_favourite(logs: Logs) -> Damaged:
    return _repeated(logs, "optimistic")


def _squeezed(kind: str, other: str) -> Damage:
    """A choice comes right after the one before it."""

    def squeeze(logs: Logs) -> Optional[Damaged]:
        for peer, line in logs.lines(kind):
            before = [one for one in logs.parsed[peer] if one.kind == kind and one.number < line.number]
            between = [one for one in logs.parsed[peer] if before and before[-1].number < one.number <= line.number]
            if not before or any(one.kind == other for one in between):
                continue
            if (line.seconds or 0) - (before[-1].seconds or 0) > 8:
                continue  # the neighbour's unchoke would come suspiciously late too
            if set(before[-1].others) == set(line.others) and kind == "preferred":
                continue
            logs.moved(peer, line.number, before[-1].number)
            return logs.at(peer, before[-1].number + 1)
        return None

    return squeeze


DAMAGES["preferred neighbours too early"] = ("preferred interval", _squeezed("preferred", "optimistic"))
DAMAGES["an optimistic neighbour too early"] = ("optimistic interval", _squeezed("optimistic", "preferred"))


@damage("preferred interested", "a preferred neighbour that isn't interested")
def _not_wanting(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("preferred"):
        for other in logs.leechers:
            if len(line.others) < logs.made.common.preferred and _is_done(logs, peer, other, line):
                return logs.changed(peer, line.number, f"{line.text[:-1]}, {other}.")
    return None


@damage("optimistic choice", "an optimistic neighbour that isn't interested")
def _wrong_favourite(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("preferred", "have", of=logs.seeds):
        later = [one for one in logs.parsed[peer] if one.kind == "optimistic" and one.number > line.number]
        for other in logs.leechers:
            if not later and _is_done(logs, peer, other, line):
                return logs.inserted(peer, line.number, Entry("optimistic", peer, other))
    return None


@damage("unchokes", "an unchoke that nobody chose")
def _unchosen(logs: Logs) -> Optional[Damaged]:
    for peer, line in logs.lines("choked"):
        assert line.other
        own = [one for one in logs.parsed[peer] if one.other == line.other and one.kind in ("choked", "unchoked")]
        named = [one for one in logs.parsed[line.other] if one.kind in ("preferred", "optimistic")
                 and (one.other == peer or peer in one.others)]  # fmt: skip
        heard = sum(1 for one, after in zip([None, *own], own)
                    if after.kind == "unchoked" and (one is None or one.kind == "choked"))  # fmt: skip
        if own[-1] == line and heard == len(named):
            return logs.inserted(peer, line.number, Entry("unchoked", peer, line.other))
    return None


@damage("termination", "a seed leaves early")
def _leaves(logs: Logs) -> Damaged:
    peer = logs.seeds[0]
    keep = len(logs.texts[peer]) * 6 // 10
    del logs.texts[peer][keep:]
    return logs.at(peer, keep)


# ---- helpers


def _repeated(logs: Logs, kind: str) -> Damaged:
    """The first line of a kind a second time."""
    peer, line = logs.lines(kind)[0]
    return logs.inserted(peer, line.number, _entry(line))


def _entry(line: Line) -> Entry:
    return Entry(
        line.kind, line.me or 0, line.other, line.piece, line.owned, eventlog.format_others(line.others)
    )  # fmt: skip


def _text(line: Line, **fields: Optional[int]) -> str:
    return eventlog.format_entry(_entry(line)._replace(**fields))


def _inner(logs: Logs, kind: str) -> Tuple[int, Line]:
    """A line that is neither the first nor the last of its kind in its log."""
    return next(
        (peer, line)
        for peer, line in logs.lines(kind)
        if line not in (_all(logs, peer, kind)[0], _all(logs, peer, kind)[-1])
    )


def _all(logs: Logs, peer: int, kind: str) -> List[Line]:
    return [line for line in logs.parsed[peer] if line.kind == kind]


def _have(logs: Logs, peer: int, other: Optional[int], piece: Optional[int]) -> Optional[Line]:
    found = (line for line in _all(logs, peer, "have") if line.other == other and line.piece == piece)
    return next(found, None)


def _is_unchoked(logs: Logs, peer: int, other: int, number: int) -> bool:
    words = [line for line in logs.parsed[peer] if line.other == other and line.number < number]
    states = [line.kind for line in words if line.kind in ("choked", "unchoked")]
    return bool(states) and states[-1] == "unchoked"


def _meets(logs: Logs, speaker: int, listener: int) -> bool:
    meeting = [one for one in logs.parsed[listener] if one.kind in ("dialled", "accepted") and one.other == speaker]
    pieces = _all(logs, listener, "piece")
    return bool(meeting) and meeting[0].number < pieces[0].number


def _awaited(logs: Logs, peer: int, other: int, begin: int, end: int) -> Optional[Line]:
    """The first 'have' from a neighbour, between two lines, of a piece that it had known of for long."""
    for line in _all(logs, peer, "have"):
        if line.other == other and begin < line.number < end:
            known = _have(logs, other, peer, line.piece)
            got = next((one for one in _all(logs, other, "piece") if one.piece == line.piece), None)
            if known and got and (got.seconds or 0) - (known.seconds or 0) > 3:
                return line
    return None


def _is_done(logs: Logs, peer: int, other: int, line: Line) -> bool:
    """Whether a neighbour has told of all pieces, and of its lost interest, well before a line."""
    told = [one for one in _all(logs, peer, "have") if one.other == other]
    words = [one for one in logs.parsed[peer] if one.other == other and one.kind == "not interested"]
    complete = len({one.piece for one in told}) == logs.total
    early = all((one.seconds or 0) + 3 < (line.seconds or 0) for one in [*told[-1:], *words[-1:]])
    return complete and bool(words) and early and other not in line.others


def each() -> Iterator[str]:
    return iter(DAMAGES)
