"""The JSON Schema: the committed file is today's, it takes what we take and refuses the commonest mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploy.core.inventory import InventoryError, json_schema, parse_inventory
from deploy.core.inventory.yamltext import read

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft202012Validator(json_schema())
SWARM = "swarm: {name: d, payload: {generate: 1MiB}}\n"


def data_of(text: str) -> Any:
    return read(text, "x").data


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_file_in_docs_is_todays() -> None:
    """`fab schema > docs/inventory.schema.json` writes it; that it prints just this is tested with the other tasks."""
    written = (ROOT / "docs" / "inventory.schema.json").read_text(encoding="utf-8")
    assert written == json.dumps(json_schema(), indent=2) + "\n"


def test_the_example_points_at_it_and_fits() -> None:
    text = (ROOT / "inventory.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=docs/inventory.schema.json\n")
    VALIDATOR.validate(data_of(text))


def test_every_key_is_described() -> None:
    definitions = json_schema()["$defs"]
    bare = [
        f"{part}.{key}"
        for part, model in definitions.items()
        for key, value in model["properties"].items()
        if "description" not in value and "$ref" not in value
    ]
    assert bare == ["PeerPart.id"] or bare == []


@pytest.mark.parametrize(
    "body",
    [
        "hosts: {a: , 'n[1-3]': {}}\nseeds: [a]\n",
        "hosts: {a: {rate: 5, jump: [x, y], port: 22}}\nseeds: [a]\ngroups:\npeers:\ndefaults:\n",
        "hosts: {a: {rate: {up: 5}, jump: x}}\npeers: [{id: 1, host: a, seed: true, port: 6008}]\n",
        "defaults: {connection: local, accept_new: true}\nhosts: {a: }\nseeds: [a]\ngroups: {g: [a]}\n",
    ],
)
def test_what_we_take_it_takes(body: str) -> None:
    parse_inventory(SWARM + body)
    VALIDATOR.validate(data_of(SWARM + body))


@pytest.mark.parametrize(
    "text",
    [
        "hosts: {a: }\nseeds: [a]\n",
        SWARM,
        SWARM + "hosts: {}\n",
        SWARM + "hosts: {a: {adress: x}}\nseeds: [a]\n",
        SWARM + "hosts: {a: {port: 70000}}\nseeds: [a]\n",
        SWARM + "hosts: {a: {port: 22:22}}\nseeds: [a]\n",
        SWARM + "hosts: {a: {accept_new: no}}\nseeds: [a]\n",
        SWARM + "hosts: {a: {connection: locl}}\nseeds: [a]\n",
        SWARM + "hosts: {a: }\nseeds: a\n",
        SWARM + "hosts: {a: }\npeers: [{host: a}]\n",
        "swarm: {name: a b, payload: {generate: 1}}\nhosts: {a: }\nseeds: [a]\n",
        "swarm: {name: a, payload: {generate: 1, path: /x}}\nhosts: {a: }\nseeds: [a]\n",
        "swarm: {name: a, payload: {}}\nhosts: {a: }\nseeds: [a]\n",
        "swarm: {name: a, payload: {generate: lots}}\nhosts: {a: }\nseeds: [a]\n",
        "swarm: {name: a, payload: {generate: 1}, tls: no}\nhosts: {a: }\nseeds: [a]\n",
        "swarm: {name: a, payload: {generate: 1}, piece_size: big}\nhosts: {a: }\nseeds: [a]\n",
    ],
)
def test_what_it_refuses_we_refuse(text: str) -> None:
    assert not VALIDATOR.is_valid(data_of(text))
    with pytest.raises(InventoryError):
        parse_inventory(text)
