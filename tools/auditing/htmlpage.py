"""The audit as a page to hand in: one file, no script, nothing loaded; what logs say is text."""

from __future__ import annotations

from html import escape
from typing import Iterable, List, Optional, Sequence

from peer.core.counting import count_of
from tools.auditing import results as words
from tools.auditing.evidence import Evidence
from tools.auditing.grading import Mark
from tools.auditing.rule import BROKEN, KEPT, Result

MOST_FINDINGS = 50  # of a rule: a page is for people
_SIGNS = {KEPT: "\u2713", BROKEN: "\u2717"}  # a colour alone carries no meaning

_STYLE = """
:root { color-scheme: light dark; --good: #176b2c; --bad: #b3261e; --faint: #666; --line: #ccc; }
@media (prefers-color-scheme: dark) { :root { --good: #6fcf86; --bad: #ff8a80; --faint: #aaa; --line: #444; } }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
td:first-child, td:nth-child(2) { white-space: nowrap; }
code { font-size: .92em; overflow-wrap: anywhere; unicode-bidi: isolate; }
.kept { color: var(--good); } .broken { color: var(--bad); font-weight: 600; } .unseen, dt { color: var(--faint); }
dl { display: grid; grid-template-columns: 6rem 1fr; gap: .1rem .6rem; margin: .6rem 0 1.2rem; }
dd { margin: 0; }
@media print { body { max-width: none; margin: 0; } section { break-inside: avoid; } }
"""


def page(title: str, swarm: Evidence, results: Sequence[Result], mark: Optional[Mark]) -> str:
    """The HTML of a report."""
    common = swarm.common
    facts = (
        f"{len(swarm.rows)} peers; {common.file_name}, {common.file_size} bytes in {count_of(swarm.total, 'piece')};"
        f" {common.preferred} preferred neighbours every {common.unchoking:g} s, an optimistic one every"
        f" {common.optimistic:g} s"
    )
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        '<meta name="viewport" content="width=device-width">',
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(facts)}</p>",
        f"<p><strong>{escape(words.summary(results))}</strong></p>",
        f"<p><strong>{escape(mark.words)}</strong></p>" if mark else "",
        "<h2>Rules</h2>",
        *_table(words.HEADINGS, (_rule_cells(one) for one in results)),
        "<h2>Peers</h2>",
        *_table(words.PEER_HEADINGS, (list(map(escape, row)) for row in words.peer_rows(swarm))),
        *(part for one in results if one.state == BROKEN for part in _section(one)),
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _table(headings: Sequence[str], cells: Iterable[Sequence[str]]) -> List[str]:
    """`cells` are HTML."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells]
    return ["<table>", f"<tr>{head}</tr>", *body, "</table>"]


def _rule_cells(one: Result) -> List[str]:
    name, state, judged, text = map(escape, words.rows([one])[0])
    style = one.state if one.state in _SIGNS else "unseen"
    linked = f'<a href="#{_anchor(one)}">{name}</a>' if one.state == BROKEN else name
    return [linked, f'<span class="{style}">{_SIGNS.get(one.state, "?")} {state}</span>', judged, text]


def _anchor(one: Result) -> str:
    return one.rule.name.replace(" ", "-")


def _section(one: Result) -> List[str]:
    found, rest = words.shown(one, MOST_FINDINGS)
    parts = [f'<section id="{_anchor(one)}"><h2>{escape(one.rule.name)}</h2><p>{escape(one.rule.text)}</p>']
    for finding in found:
        parts.append(
            f"<dl><dt>where</dt><dd><code>{escape(finding.where)}</code></dd>"
            f"<dt>is</dt><dd><code>{escape(finding.found)}</code></dd>"
            f"<dt>expected</dt><dd><code>{escape(finding.expected)}</code></dd></dl>"
        )
    return [*parts, f"<p>and {rest} more</p>" if rest else "", "</section>"]
