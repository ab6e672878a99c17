"""The options that are some tasks' own, each once."""

from __future__ import annotations

from deploy.core.command.grammar import FILE, HOSTS, TEXT, Option

KEEP_GOING = Option("keep_going", "start the others even if a peer can't be started")
YES = Option("yes", "remove copies that nothing else keeps, without asking for them at a terminal")
EVERY = Option("every", "show every event line, including the frequent kinds")
TABLE = Option("table", "show the table of all copies, however many hosts there are")
AGAINST = Option(
    "against", "tell what `up` would change on these hosts: asks them and a seed, and changes nothing", HOSTS
)
PARTIAL = Option("partial", "turn to the release where it can be done, if it can't be everywhere")
RATE = Option("rate", "Mbit/s each way, none, up=20,down=50, or relay=50", TEXT)
RELEASE = Option("release", "the release's name", TEXT, many=True)
SVG = Option("svg", "write a picture of the console to this SVG file", FILE)
WEB = Option("web", "serve the page of the run on this machine while it runs, and print its address")
PUSH = (
    Option("payload", "a file or folder on this machine", FILE),
    Option("target", "where to: USER@HOST:/folder, or ./folder on this machine", TEXT, many=True),
    Option("to", "push to the hosts in this list too, one a line; - reads standard input", FILE),
    Option("seed", "the payload is on this host already: HOST:/path; nothing is uploaded", TEXT),
    Option("save", "keep the inventory that this makes in this file", FILE, "runs/push-NAME.yaml"),
    Option("accept_new", "note unknown host keys, instead of refusing them; a changed key is always refused"),
    Option("replace", "put aside foreign files with the payload's name, instead of refusing them"),
)
