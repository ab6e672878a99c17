"""The completion scripts for bash, zsh and fish: all tasks and options are in them, so only a host starts a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from deploy.core.command.grammar import FILE, HOSTS, Grammar, Option, TaskForm, by_flag
from deploy.core.command.optiontable import INVENTORY

_BASH = """\
# Completion of weft for bash. For all your shells:
#     weft --print-completion-script bash > ~/.local/share/bash-completion/completions/weft
_weft() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="" task="" inventory="{inventory}" lists="" place one
    for ((place = 1; place < COMP_CWORD; place++)); do
        one="${{COMP_WORDS[place]}}"
        [ "$one" = "=" ] && continue
        case "$before" in
            -i|--inventory) inventory="$one" ;;
            --hosts) lists="$one" ;;
        esac
        case "$before" in {with_value}) before=""; continue ;; esac
        case "$one" in {tasks}) task="$one" ;; esac
        before="$one"
    done
    [ "$word" = "=" ] && word=""
    COMPREPLY=()
    case "$before" in
        {with_file}) compopt -o filenames; COMPREPLY=($(compgen -f -- "$word")); return ;;
        {with_hosts})
            place="${{word##*[,!]}}"
            one="$("$1" --print-hosts --inventory="$inventory" ${{lists:+"--hosts=$lists"}} </dev/null 2>/dev/null)"
            COMPREPLY=($(compgen -P "${{word%"$place"}}" -W "$one" -- "$place"))
            return ;;
        {with_value}) return ;;
    esac
    case "$word" in
        -*)
            case "$task" in
{options}
                *) one="{common}" ;;
            esac ;;
        *)
            case "$task" in {with_words}) compopt -o filenames; COMPREPLY=($(compgen -f -- "$word")); return ;; esac
            one="{names}" ;;
    esac
    COMPREPLY=($(compgen -W "$one" -- "$word"))
}}
complete -F _weft weft
"""
_ZSH = """\
#compdef weft
# Completion of weft for zsh. For all your shells, into a folder of your $fpath:
#     weft --print-completion-script zsh > ~/.zfunc/_weft
_weft() {{
    local word="$words[CURRENT]" before="" task="" inventory="{inventory}" lists="" one
    local -a found
    for one in "${{(@)words[2,CURRENT-1]}}"; do
        case "$before" in
            -i|--inventory) inventory="$one" ;;
            --hosts) lists="$one" ;;
        esac
        case "$before" in {with_value}) before=""; continue ;; esac
        case "$one" in
            {tasks}) task="$one" ;;
            --inventory=*) inventory="${{one#*=}}" ;;
            --hosts=*) lists="${{one#*=}}" ;;
        esac
        before="$one"
    done
    case "$word" in --*=*) before="${{word%%=*}}"; compset -P 1 '*=' ;; esac
    case "$before" in
        {with_file}) _files; return ;;
        {with_hosts})
            compset -P '*[,!]'
            found=(--print-hosts --inventory="$inventory" ${{lists:+--hosts=$lists}})
            compadd -- ${{(f)"$("$words[1]" $found </dev/null 2>/dev/null)"}}
            return ;;
        {with_value}) _message value; return ;;
    esac
    case "$word" in
        -*)
            case "$task" in
{options}
                *) found=({common}) ;;
            esac
            _describe -o option found ;;
        *)
            case "$task" in {with_words}) _files; return ;; esac
            found=({names})
            _describe task found ;;
    esac
}}
if [[ "$funcstack[1]" = _weft ]]; then
    _weft "$@"
else
    (( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit; }}
    compdef _weft weft
fi
"""
_FISH_HEAD = """\
# Completion of weft for fish. For all your shells:
#     weft --print-completion-script fish > ~/.config/fish/completions/weft.fish
complete -c weft -f
function __weft_hosts
    set -l words (commandline -opc)
    set -l inventory {inventory}
    set -l lists
    for place in (seq (count $words))
        switch $words[$place]
            case -i --inventory
                set inventory $words[(math $place + 1)]
            case --hosts
                set lists --hosts=$words[(math $place + 1)]
            case '--inventory=*'
                set inventory (string replace --inventory= '' -- $words[$place])
            case '--hosts=*'
                set lists $words[$place]
        end
    end
    set -l head (commandline -ct | string replace -r '^--[a-z-]+=' '' | string replace -r '[^,!]*$' '')
    for name in ($words[1] --print-hosts --inventory=$inventory $lists </dev/null 2>/dev/null)
        echo $head$name
    end
end
"""
_FISH_VALUES = {FILE: " -r -F", HOSTS: " -x -a '(__weft_hosts)'"}
_NO_WORD = "'\n'"  # a pattern that no word matches


def completion_script(shell: str, grammar: Grammar) -> str:
    """The script for `bash`, `zsh` or `fish`. Raises KeyError for another shell."""
    return SHELLS[shell](grammar)


def _bash(grammar: Grammar) -> str:
    def option_words(options: Iterable[Option]) -> str:
        return " ".join(option.flag for option in options)

    cases = [
        f'                {task.name}) one="{option_words(grammar.options_of(task))}" ;;' for task in grammar.tasks
    ]
    names = " ".join(task.name for task in grammar.tasks)
    return _filled(_BASH, grammar, cases, option_words(grammar.options_of(None)), names)


def _zsh(grammar: Grammar) -> str:
    def described(options: Iterable[Option]) -> str:
        return " ".join(_quoted(f"{_escaped(option.flag)}:{option.help}") for option in options)

    cases = [f"                {task.name}) found=({described(grammar.options_of(task))}) ;;" for task in grammar.tasks]
    names = " ".join(_quoted(f"{_escaped(task.name)}:{task.summary}") for task in grammar.tasks)
    return _filled(_ZSH, grammar, cases, described(grammar.options_of(None)), names)


def _filled(script: str, grammar: Grammar, cases: list[str], common: str, names: str) -> str:
    return script.format(
        tasks=_pattern(task.name for task in grammar.tasks),
        with_value=_pattern(_flags(grammar, lambda option: bool(option.value))),
        with_file=_pattern(_flags(grammar, lambda option: option.value == FILE)),
        with_hosts=_pattern(_flags(grammar, lambda option: option.value == HOSTS)),
        inventory=INVENTORY,
        with_words=_pattern(task.name for task in grammar.tasks if task.words),
        options="\n".join(cases),
        common=common,
        names=names,
    )


def _fish(grammar: Grammar) -> str:
    """One `complete` a task and an option."""
    every = " ".join(task.name for task in grammar.tasks)
    lines = [f"complete -c weft -a {task.name} -d {_quoted(task.summary)}" for task in _plain(grammar)]
    alone = [task for task in grammar.tasks if task.words]
    lines += [
        f"complete -c weft -n 'not __fish_seen_subcommand_from {every}' -a {task.name} -d {_quoted(task.summary)}"
        for task in alone
    ]
    lines += [f"complete -c weft -n '__fish_seen_subcommand_from {task.name}' -F" for task in alone]
    for task in grammar.tasks:
        condition = f" -n '__fish_seen_subcommand_from {task.name}'"
        lines += [_fish_option(option, condition) for option in task.options]
    lines += [_fish_option(option, "") for option in grammar.options_of(None)]
    return _FISH_HEAD.format(inventory=INVENTORY) + "\n".join(lines) + "\n"


def _fish_option(option: Option, condition: str) -> str:
    short = f" -s {option.short}" if option.short else ""
    value = _FISH_VALUES.get(option.value, " -x") if option.value else ""
    return f"complete -c weft{condition} -l {option.flag[2:]}{short}{value} -d {_quoted(option.help)}"


def _plain(grammar: Grammar) -> list[TaskForm]:
    return [task for task in grammar.tasks if not task.words]


def _flags(grammar: Grammar, wanted: Callable[[Option], bool]) -> Iterable[str]:
    every = [*grammar.options_of(None), *(option for task in grammar.tasks for option in task.options)]
    return by_flag([option for option in every if wanted(option)])


def _pattern(words: Iterable[str]) -> str:
    return "|".join(dict.fromkeys(words)) or _NO_WORD


def _escaped(text: str) -> str:
    return text.replace(":", "\\:")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


SHELLS: dict[str, Callable[[Grammar], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
