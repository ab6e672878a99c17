"""The lab's decisions that need no lab: names, networks, shapes, wishes and texts."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from netlab import LabError, UsageError, addresses, hostfiles, shape, uplinks
from netlab.labfile import HostPlan, Plan
from netlab.spec import LabSpec, checked_rate

TAG = "00ff00"


def test_a_directory_has_one_tag_and_another_directory_another(tmp_path):
    (tmp_path / "a").mkdir()
    assert addresses.tag_of(str(tmp_path / "a")) == addresses.tag_of(str(tmp_path / "a" / ".." / "a"))
    assert addresses.tag_of(str(tmp_path / "a")) != addresses.tag_of(str(tmp_path / "b"))


def test_interface_and_port_names_fit_the_kernels_limit_of_15_characters():
    assert len(addresses.operator_link(TAG)) <= 15
    assert max(len(name) for name in addresses.host_names(addresses.MAX_HOSTS)) <= 15


def test_namespaces_of_one_lab_are_told_from_those_of_others():
    assert addresses.is_namespace_of(TAG, addresses.bridge_namespace(TAG))
    assert addresses.is_namespace_of(TAG, addresses.host_namespace(TAG, "node01"))
    assert not addresses.is_namespace_of(TAG, addresses.bridge_namespace("00ff01"))
    assert not addresses.is_namespace_of(TAG, "weft-00ff00x")


def test_host_names_sort_as_they_count():
    for count in (1, 8, 99, 100, 1000):
        made = addresses.host_names(count)
        assert len(set(made)) == count and made == sorted(made)


def test_a_network_is_free_of_all_routes_and_the_same_each_time():
    free = addresses.choose_network(TAG, ["default", "10.0.0.0/8", "192.168.1.0/24", "127.0.0.1"])
    assert free.subnet_of(addresses.RANGE) and free == addresses.choose_network(TAG, [])
    other = addresses.choose_network(TAG, [str(free)])
    assert not other.overlaps(free)
    assert not addresses.choose_network(TAG, [str(free[5])]).overlaps(free), "a route to one address collides as well"


def test_a_collision_is_refused_with_the_route_and_the_remedy():
    with pytest.raises(LabError, match=r"198\.18\.4\.0/22 collides .* 198\.18\.5\.0/24.*--subnet"):
        addresses.choose_network(TAG, ["198.18.5.0/24"], "198.18.4.0/22")
    with pytest.raises(LabError, match=r"198\.18\.0\.0/15"):
        addresses.choose_network(TAG, [str(addresses.RANGE)])


@pytest.mark.parametrize("text", ["x", "198.18.4.0/40", "198.18.4.1/22", "10.0.0.0/8", "10.0.0.0/30"])
def test_a_network_that_is_none_is_a_usage_error(text):
    with pytest.raises(UsageError, match="--subnet"):
        addresses.choose_network(TAG, [], text)


def test_hosts_and_operator_have_different_addresses_in_the_network():
    network = ipaddress.IPv4Network("198.18.4.0/22")
    made = [addresses.host_address(network, number) for number in range(1, addresses.MAX_HOSTS + 1)]
    everyone = {*made, addresses.operator_address(network)}
    assert len(everyone) == addresses.MAX_HOSTS + 1
    assert all(ipaddress.ip_address(one) in list(network.hosts()) for one in everyone)


@pytest.mark.parametrize("mbit", [0.1, 5, 100, 1000, 100_000])
def test_a_shape_has_a_burst_of_a_whole_packet_and_a_queue_of_50_ms_or_64_frames(mbit):
    assert shape.burst_bytes(mbit) >= shape.GSO_MOST
    assert shape.queue_bytes(mbit) >= 64 * shape.FRAME
    assert shape.queue_bytes(mbit) >= mbit * 1e6 / 8 * 0.05 - 1
    assert 4096 <= shape.gso_bytes(mbit) <= shape.GSO_MOST


def test_no_shape_is_no_line():
    assert shape.tc_lines("eth0", 0) == []
    assert shape.gso_bytes(0) == shape.GSO_MOST


@pytest.mark.parametrize("mbit", [-1, 0.01, 1e9, float("nan"), float("inf")])
def test_rates_that_cannot_be_shaped_are_usage_errors(mbit):
    with pytest.raises(UsageError, match="Mbit/s"):
        checked_rate(mbit)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"hosts": 0}, "0 hosts"),
        ({"hosts": 1001}, "1001 hosts"),
        ({"rate": -5}, "-5 Mbit/s"),
        ({"maxstartups": "ten"}, "--maxstartups"),
        ({"maxstartups": "1\nPermitRootLogin yes"}, "--maxstartups"),
        ({"small_disks": {"node99": 5}}, "node99"),
        ({"between": 50}, "--between 50: there is nothing between hosts without --zones"),
        ({"delay": 5}, "--delay 5: there is nothing between hosts without --zones"),
        ({"zones": 3, "delay": -1}, "a delay of -1 ms"),
        ({"zones": 3, "between": -5}, "-5 Mbit/s"),
        ({"zones": 2}, "2 zones of 3 hosts"),
        ({"zones": 1}, "1 zones of 3 hosts: ask for 2 or more"),
    ],
)
def test_wishes_that_no_lab_can_be_are_usage_errors(change, complaint):
    spec = LabSpec(**{"directory": "/lab", "hosts": 3, "rate": 100, **change})
    with pytest.raises(UsageError, match=complaint):
        spec.check()


def test_a_network_too_small_for_the_hosts_is_a_usage_error():
    spec = LabSpec("/lab", 14, 100)
    with pytest.raises(UsageError, match="no room for 14 hosts"):
        spec.plan(ipaddress.IPv4Network("198.18.4.0/28"), 59321)
    assert len(LabSpec("/lab", 13, 100).plan(ipaddress.IPv4Network("198.18.4.0/28"), 59321).hosts) == 13


def test_the_first_hosts_are_in_the_first_zone():
    plan = LabSpec("/lab", 6, 100, zones=3, between=50).plan(ipaddress.IPv4Network("198.18.4.0/22"), 59321)
    assert [host.zone for host in plan.hosts] == ["zone1", "zone1", "zone2", "zone2", "zone3", "zone3"]
    assert plan.zones == ("zone1", "zone2", "zone3")


@pytest.mark.parametrize("zones", [2, 500])
def test_the_ends_of_a_zones_link_have_names_that_the_kernel_takes(zones):
    devices = [end(zone) for zone in addresses.zone_names(zones) for end in (uplinks.out_of, uplinks.into)]
    devices += [joint for zone in addresses.zone_names(zones) for joint in uplinks.joints(zone)]
    assert max(map(len, devices)) <= 15 and len(set(devices)) == 4 * zones


PLAN = Plan(
    directory="/a lab",
    tag=TAG,
    subnet="198.18.4.0/22",
    rate=100,
    user="fleet",
    uid=59321,
    hosts=(HostPlan("node01", "198.18.4.1"), HostPlan("node02", "198.18.4.2")),
)


def test_the_inventory_is_one_that_deploy_reads_back():
    inventory = pytest.importorskip("deploy.core.inventory")
    hosts = inventory.parse_inventory(hostfiles.inventory(PLAN)).hosts
    assert [(host.name, host.address, host.user) for host in hosts] == [
        ("node01", "198.18.4.1", "fleet"),
        ("node02", "198.18.4.2", "fleet"),
    ]
    assert {(host.key, host.known_hosts) for host in hosts} == {("/a lab/key", "/a lab/known_hosts")}
    assert {(host.rate.up, host.rate.down) for host in hosts} == {(100, 100)}


def test_the_inventory_names_zones_and_their_rates():
    inventory = pytest.importorskip("deploy.core.inventory")
    spec = LabSpec("/lab", 4, 200, zones=2, between=50)
    plan = spec.plan(ipaddress.IPv4Network("198.18.4.0/22"), 59321)
    made = inventory.parse_inventory(hostfiles.inventory(plan))
    assert [host.zone for host in made.hosts] == ["zone1", "zone1", "zone2", "zone2"]
    assert {zone: (rate.up, rate.down) for zone, rate in made.zone_rates.items()} == {
        "zone1": (50, 50),
        "zone2": (50, 50),
    }
    assert "zones:" not in hostfiles.inventory(replace(plan, between=0))


def test_the_labs_user_replaces_a_user_of_that_name_and_takes_no_ones_number():
    passwd = "root:x:0:0::/root:/bin/sh\nfleet:x:1000:1000::/home/fleet:/bin/sh\nann:x:59321:59321::/home/ann:\n"
    table = hostfiles.etc(PLAN, PLAN.hosts[0], passwd, "")["passwd"].splitlines()
    assert [line.split(":")[0] for line in table] == ["root", "ann", "fleet"]
    assert hostfiles.free_uid(passwd) == 59322


def test_sshd_takes_its_own_limits_unless_told():
    assert "MaxStartups" not in hostfiles.sshd_config(PLAN)
    assert "MaxStartups 3:100:3\n" in hostfiles.sshd_config(replace(PLAN, maxstartups="3:100:3"))
