"""The command line of `weft`: words and what they mean, its help, and what shells complete."""

from __future__ import annotations

import pytest

from deploy.core.command.astyped import as_typed
from deploy.core.command.grammar import FILE, Grammar, Option, TaskForm
from deploy.core.command.helptext import EXAMPLES, format_help, format_task_help
from deploy.core.command.optiontable import COMMON, SHARED
from deploy.core.command.parsing import CommandError, parse_command
from deploy.core.command.shellscripts import SHELLS, completion_script
from deploy.edge.fab.chaintask import forms
from deploy.fabfile import ns

GRAMMAR = Grammar(
    (
        TaskForm("up", "Do it", options=(Option("keep_going", "go on"), Option("svg", "a picture", FILE))),
        TaskForm("check", "Look"),
        TaskForm("put", "Put", options=(Option("to", "where", FILE, many=True),), words=("payload", "target")),
    ),
    SHARED,
    COMMON,
)
REAL = Grammar(tuple(forms(ns)), SHARED, COMMON)


@pytest.mark.parametrize(
    ("words", "calls", "common"),
    [
        ("", [], {}),
        ("up", [("up", {})], {}),
        ("check up", [("check", {}), ("up", {})], {}),
        ("-i x.yaml check up", [("check", {"inventory": "x.yaml"}), ("up", {})], {}),
        ("check -ix.yaml up -l=a", [("check", {"inventory": "x.yaml"}), ("up", {"limit": "a"})], {}),
        ("check up --inventory=x --svg y", [("check", {}), ("up", {"inventory": "x", "svg": "y"})], {}),
        ("up --dry-run --keep-going", [("up", {"dry_run": True, "keep_going": True})], {}),
        ("up -i x -i x", [("up", {"inventory": "x"})], {}),
        ("up -l -", [("up", {"limit": "-"})], {}),
        ("up --svg -x", [("up", {"svg": "-x"})], {}),
        ("--identity a up --identity b", [("up", {})], {"identity": ["a", "b"]}),
        ("up --help", [("up", {})], {"help": True}),
        ("-V", [], {"version": True}),
        ("put a b", [("put", {"payload": "a", "target": ["b"]})], {}),
        ("put a b --plain c", [("put", {"payload": "a", "target": ["b", "c"], "plain": True})], {}),
        ("put up check", [("put", {"payload": "up", "target": ["check"]})], {}),
        ("put --to - a", [("put", {"payload": "a", "to": ["-"]})], {}),
        ("put -- -a -b", [("put", {"payload": "-a", "target": ["-b"]})], {}),
    ],
)
def test_words_and_what_they_mean(words: str, calls: list[tuple[str, dict[str, object]]], common: object) -> None:
    line = parse_command(words.split(), GRAMMAR)
    assert ([tuple(call) for call in line.calls], line.common) == (calls, common)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["chek"], "no task is called 'chek'; did you mean 'check'?"),
        (["up", "xyzzy"], "no task is called 'xyzzy'; `weft --help` names them all"),
        (["up", "--inv", "x"], "up has no option --inv; did you mean '--inventory'?"),
        (["check", "--svg", "x"], "check has no option --svg; `weft check --help` names them all"),
        (["--svg", "x", "up"], "--svg belongs after a task: weft up --svg"),
        (["--inventry=x", "up"], "weft has no option --inventry; did you mean '--inventory'?"),
        (["-x"], "weft has no option -x; `weft --help` names them all"),
        (["up", "-i"], "--inventory needs a value"),
        (["up", "--svg", "--plain"], "--svg needs a value"),
        (["up", "--plain=yes"], "--plain takes no value; write --plain alone"),
        (["up", "--limit", ""], "--limit: '' is empty; write a value, or leave it out"),
        (["up", "--limit", " , "], "--limit: ' , ' is empty; write a value, or leave it out"),
        (["up", "-i", "x", "-i", "y"], "--inventory is given twice, as 'x' and as 'y'; write it once"),
        (["up", "--", "ls"], "`--` has no meaning here; options and tasks need none"),
        (["check", "put", "a"], "put can't follow another task; run it alone"),
        (["\x1b[2J"], "no task is called '\\x1b[2J'; `weft --help` names them all"),
    ],
)
def test_what_is_not_understood_is_one_line(words: list[str], text: str) -> None:
    with pytest.raises(CommandError) as error:
        parse_command(words, GRAMMAR)
    assert (str(error.value), error.value.code) == (text, 2)


def test_the_help_has_one_line_a_task_and_every_option_with_its_default() -> None:
    text = format_help(REAL, "About.", 80)
    for task in REAL.tasks:
        assert f"  {task.name:12}  {task.summary}\n" in text
    for option in (*SHARED, *COMMON):
        assert all(f"{flag}" in text for flag in option.flags)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "[default: inventory.yaml]" in text


@pytest.mark.parametrize("task", REAL.tasks, ids=[task.name for task in REAL.tasks])
def test_the_help_of_a_task_names_its_own_options(task: TaskForm) -> None:
    text = format_task_help(task, REAL, 100)
    assert text.startswith(f"{task.summary}.\n\nUsage: weft {task.name} ")
    for option in (*task.options, *SHARED):
        is_told = f"{option.flag} " in text and option.help.split()[0] in text
        assert is_told == (option.name not in task.without), option


def test_every_example_can_be_parsed() -> None:
    examples = [*EXAMPLES, *(example for task in REAL.tasks for example in task.examples)]
    for command, _ in examples:
        assert parse_command(command.replace("'", "").split()[1:], REAL).calls


@pytest.mark.parametrize("shell", SHELLS)
def test_every_task_and_option_is_in_the_completion_scripts(shell: str) -> None:
    text = completion_script(shell, REAL)
    words = [task.name for task in REAL.tasks]
    words += [option.flag[2:] for task in REAL.tasks for option in REAL.options_of(task)]
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("run `fab deploy` first", "run `weft deploy` first"),
        ("  next: fab up --inventory x.yaml", "  next: weft up --inventory x.yaml"),
        ("/srv/fab up", "/srv/fab up"),
        ("fab 4 is a street", "fab 4 is a street"),
        ("prefab up", "prefab up"),
    ],
)
def test_messages_speak_of_the_command_that_was_typed(text: str, typed: str) -> None:
    assert as_typed(text, "weft") == typed
    assert as_typed(text, "fab") == text


def test_every_task_may_be_named_in_messages() -> None:
    for task in REAL.tasks:
        assert as_typed(f"`fab {task.name}`", "weft") == f"`weft {task.name}`"
