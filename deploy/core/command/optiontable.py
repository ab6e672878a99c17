"""The options that hold for a complete chain of tasks, and those of the command `weft` itself."""

from __future__ import annotations

from deploy.core.command.grammar import FILE, HOSTS, TEXT, Option

INVENTORY = "inventory.yaml"  # what is read where no inventory is named

# The executor gathers them from all tasks of a chain.
SHARED = (
    Option("inventory", "the inventory", FILE, INVENTORY, "i"),
    Option("limit", "work only on these hosts and groups: a,group,!b,node[01-04],web*", HOSTS, "all hosts", "l"),
    Option("hosts", "take hosts from this list, too: Ansible, ssh_config, Slurm, MPI, or one a line; - reads it", FILE),
    Option("local", "run the complete swarm on this machine, without SSH"),
    Option("json", "print one JSON object per line on stdout"),
    Option("plain", "print plain lines, without the live display"),
    Option("run", "the run's name", TEXT, "date, time and a random number"),
    Option("dry_run", "show what would be done, without doing it"),
)
# `fab` has them too, under Fabric's own names.
COMMON = (
    Option("identity", "log in with this key, besides those of ssh_config and the agent", FILE, many=True),
    Option("ssh_config", "read this ssh_config instead of yours and the system's", FILE, short="F"),
    Option("connect_timeout", "seconds to wait for a connection", "SECONDS", "ssh_config's, else 12"),
    Option("prompt_for_login_password", "ask for the password of the hosts"),
    Option("prompt_for_passphrase", "ask for the passphrase of your keys"),
    Option("print_completion_script", "print what makes Tab complete: bash, zsh or fish", "SHELL"),
    Option("print_hosts", "print the names of the inventory's hosts and groups, one a line, as Tab completes them"),
    Option("version", "print the version", short="V"),
    Option("help", "print this help, or a task's", short="h"),
)


def described(option: Option) -> str:
    """An option's help with its default."""
    notes = [f"default: {option.default}"] if option.default else []
    notes += ["may be given several times"] if option.many else []
    return option.help + (f" [{'; '.join(notes)}]" if notes else "")
