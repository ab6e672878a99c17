"""Deploys from a Python program: python from_python.py INVENTORY; the exit code is that of the tasks."""

from __future__ import annotations

import sys

from weft import tasks


def main(inventory: str) -> int:
    """Prove that every host is ready, bring the payload, and say what came of it."""
    try:
        tasks.check(inventory)
        done = tasks.up(inventory, tell=show)
    except tasks.Failed as failure:
        for host, lines in failure.done.errors.items():
            print(f"{host or 'weft'}: {'; '.join(lines)}", file=sys.stderr)
        return failure.done.code
    print(f"{done.sentence}: sha256 {done.sha256}")
    print("copies on", ", ".join(sorted({copy["host"] for copy in done.copies})))
    return 0


def show(fields: tasks.Fields) -> None:
    """What there is to see while it runs."""
    if fields["event"] == "started":
        print(f"peer {fields['peer']} listens on {fields['host']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
