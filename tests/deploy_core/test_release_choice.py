"""Which release is meant, and what is said where none can be; and the table of all."""

from __future__ import annotations

import pytest

from deploy.agent.verbs import Kept, KeptRelease, Release
from deploy.core.releasechoice import ReleaseError, mixed_line, name_before, name_for, rows, stayed_line


def shelf(text: str) -> Kept:
    """`A b* c?`: a release for each word, the current one in capitals, `?` for one that isn't proved."""
    kept = [
        KeptRelease(word.lower().strip("?"), "model", f"key of {word.lower().strip('?')}", 7, "?" not in word, False)
        for word in text.split()
    ]
    current = next((word.lower().strip("?") for word in text.split() if word[0].isupper()), "")
    return Kept("/srv/app", current, "", tuple(kept))


def shelves(*texts: str) -> dict[str, Kept]:
    return {f"n{number}": shelf(text) for number, text in enumerate(texts, 1)}


@pytest.mark.parametrize(
    ("hosts", "key", "name"),
    [
        ([], "key of a", "run"),
        (["a B", "a B"], "key of c", "run"),
        (["a B", "a B"], "key of a", "a"),  # the same payload again changes nothing
        (["a B", "a? B", ""], "key of a", "a"),  # an earlier run begun it
    ],
)
def test_a_payload_that_is_there_stays_the_release_that_it_is(hosts: list[str], key: str, name: str) -> None:
    assert name_for(shelves(*hosts), key, "run") == name


def test_a_seed_remembers_what_it_gave_to_others() -> None:
    seed = Kept("", "", "", (), Release("r7", "key of z"))
    assert name_for({"seed": seed, **shelves("")}, "key of z", "run") == "r7"
    assert name_for({"seed": seed, **shelves("")}, "key of y", "run") == "run"


def test_a_release_is_never_written_over_by_another_payload() -> None:
    with pytest.raises(ReleaseError, match=r"release a is on n\[1-2\], with another payload; choose another name"):
        name_for(shelves("A", "a"), "key of z", "a")


@pytest.mark.parametrize(
    ("hosts", "name"),
    [
        (["a b C", "a b C"], "b"),
        (["a b? C", "a C"], "a"),  # one that isn't proved is none
        (["a B c", "a B c"], "a"),  # twice back
        (["a b C", "a B c"], "b"),  # an earlier turn was lost on n2: it is there already
        (["a b C", "a B"], "b"),
        (["C", "C"], "no host has a release before the current one"),
        (["a", "a"], "no host has a release before"),
        (["b C", "C"], "n2: there is no release before the current one; leave it out with --limit"),
        (["a C", "b C"], "the hosts would go back to different releases: "),
    ],
)
def test_going_back_is_going_to_the_same_release_everywhere(hosts: list[str], name: str) -> None:
    if len(name) == 1:
        assert name_before(shelves(*hosts)) == name
    else:
        with pytest.raises(ReleaseError) as error:
            name_before(shelves(*hosts))
        assert name in str(error.value)


def test_the_table_says_what_is_where() -> None:
    assert rows(shelves("a B c?", "a B c", "A")) == [
        ("a", "model", "7 B", "n[1-3]", "n3"),
        ("b", "model", "7 B", "n[1-2]", "n[1-2]"),
        ("c", "model", "7 B", "n2 (not proved: n1)", "-"),
    ]
    assert rows({}) == []


def test_a_turn_that_was_lost_names_the_hosts_and_the_ways_out() -> None:
    line = mixed_line("r2", ["n1", "n2"], ["n3"])
    assert "is r2 on n[1-2], and may be the one before on n3" in line
    assert "`fab activate r2 --limit 'n3'`" in line and "`fab rollback`" in line
    assert "stays as it was on every host: not ready on n3" in stayed_line("r2", ["n3"])
