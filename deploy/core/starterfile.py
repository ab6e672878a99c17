"""The inventory that `init` writes: every key that most people need, with a comment; it works as it is."""

from __future__ import annotations

NEXT = "edit it, then run: fab check"
STARTER = """\
# What is put where. It works as it is: five peers on this machine, without SSH.
#     weft check      is every host ready?
#     weft up         put it there, and prove it
#     weft clean      remove what Weft made; a delivered payload stays
# Every key is in docs/inventory.md. `weft schema > inventory.schema.json` lets an editor check this file:
# yaml-language-server: $schema=inventory.schema.json

swarm:
  name: first                        # a folder of this name, in each host's `workdir`, holds what Weft puts there
  payload: {generate: 20MiB}         # a test file; then one of these three:
  # payload: {upload: ./model}       # a file or folder here; it is sent to the seeds
  # payload: {path: /data/model}     # a file or folder that lies on every seed already
  # payload: {url: "https://example.com/model.bin", sha256: 9f86d0...}  # a file that the first seed fetches

defaults:                            # keys for every host that doesn't set them itself
  connection: local                  # this machine, without SSH; remove this line for real hosts
  # user: fleet                      # who logs in; ssh_config is asked too
  # key: ~/.ssh/id_ed25519           # as `ssh -i`; ssh_config and the agent are asked too
  # cap: {up: 200, down: 500}        # Mbit/s that its peers together may use
  # jump: me@bastion.example.com     # the way through a bastion
  # destination: /srv/models         # the folder for the payload; without it, the swarm's own folder
  # destination: {releases: /srv/app, keep: 3}  # or each payload by itself, and a link /srv/app/current to one

hosts:                               # a name and a ':', then keys of its own, if it needs any
  store:
  node[01-04]:                       # a range: node01 to node04
  # from: hosts.ini                  # or a list that you have: Ansible's, ssh_config, Slurm's, MPI's, one a line
  # web1: {address: 192.168.1.21, user: root, port: 2222}
  # rack[1-8]: {address: "10.0.0.[11-18]"}

seeds: [store]                       # the hosts that start with the payload

# groups:                            # names for --limit and seeds
#   first: ["node[01-02]"]           # a range inside [...] must be quoted
"""
