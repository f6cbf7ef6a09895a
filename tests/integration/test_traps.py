"""SNMP traps and informs from end to end: net-snmp's programs send, the worker's listener stores, REST shows."""
import contextlib
import os
import socket
import time

import pytest
from http_support import wait_until
from job_support import Tenant, ask as sql, unique
from trap_support import (COLD_START, LINK_DOWN, SYS_NAME, ask, events, first, integer, listener, marked, notification, oid, send, sender, settled,
                          tlv, trap, trap1, varbind, words)

ENTERPRISE = "1.3.6.1.4.1.32473.7"


# ---- what a trap tells ----

def test_version_2c_is_stored_as_it_was_told(api, where):
    community = unique("c")
    device = sender(api, community)
    trap(where, community, "1.3.6.1.2.1.2.2.1.1.3", "i", -7, "1.3.6.1.2.1.2.2.1.2.3", "s", "eth0", "1.3.6.1.4.1.32473.1.1", "x", "00ff",
         "1.3.6.1.4.1.32473.1.2", "a", "192.0.2.9", "1.3.6.1.4.1.32473.1.3", "C", "18446744073709551615", "1.3.6.1.4.1.32473.1.4", "o",
         "1.3.6.1.4.1", "1.3.6.1.4.1.32473.1.5", "u", "4294967295", oid=LINK_DOWN)
    event = first(api, device_id=device)
    assert event["kind"] == "snmp.trap" and event["source"] == "127.0.0.1" and event["device_id"] == device
    assert event["oid"] == LINK_DOWN and event["name"] == "linkDown"
    assert event["detail"]["version"] == "2c" and event["detail"]["uptime"] == 12345
    got = {v["oid"]: v for v in event["detail"]["varbinds"]}
    assert got["1.3.6.1.2.1.2.2.1.1.3"]["value"] == -7 and got["1.3.6.1.2.1.2.2.1.2.3"]["value"] == "eth0"
    assert got["1.3.6.1.2.1.2.2.1.2.3"]["name"] == "ifDescr.3"
    binary = got["1.3.6.1.4.1.32473.1.1"]
    assert (binary["value"], binary["hex"], binary["type"]) == ("00:ff", "00ff", "OCTET STRING")
    assert got["1.3.6.1.4.1.32473.1.2"]["value"] == "192.0.2.9"
    assert got["1.3.6.1.4.1.32473.1.3"]["value"] == "18446744073709551615"
    assert got["1.3.6.1.4.1.32473.1.4"]["value"] == "1.3.6.1.4.1" and got["1.3.6.1.4.1.32473.1.5"]["value"] == 4294967295


@pytest.mark.parametrize("generic, specific, told, name", [(2, 0, LINK_DOWN, "linkDown"), (6, 42, f"{ENTERPRISE}.0.42", None)])
def test_version_1_is_told_as_the_notification_it_stands_for(api, where, generic, specific, told, name):
    """RFC 3584, section 3.1."""
    community = unique("c")
    device = sender(api, community)
    trap1(where, community, ENTERPRISE, "127.0.0.1", generic, specific, *marked("one"))
    event = first(api, device_id=device)
    assert (event["oid"], event["name"]) == (told, name)
    detail = event["detail"]
    assert (detail["version"], detail["enterprise"], detail["generic"], detail["specific"], detail["agent"], detail["uptime"]) == \
        ("1", ENTERPRISE, generic, specific, "127.0.0.1", 777)
    assert words([event]) == {"one"}


def test_an_inform_is_acknowledged_once_it_is_stored(api, where):
    community = unique("c")
    device = sender(api, community)
    assert trap(where, community, *marked("told"), inform=True).returncode == 0
    event, = events(api, device_id=device)
    assert event["kind"] == "snmp.inform" and words([event]) == {"told"}


def test_an_inform_sent_again_is_acknowledged_again_and_stored_once(api, where):
    community = unique("c")
    device = sender(api, community)
    message = notification(community, pdu=0xA6, request=99)
    host, port = where.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        answers = []
        for _ in range(3):
            s.sendto(message, (host, int(port)))
            answers.append(s.recv(65535))
    assert answers[0] == answers[1] == answers[2] and answers[0][len(message) - len(answers[0]):] and b"\xa2" in answers[0]
    assert len(settled(api, where, community, device_id=device)) == 2


# ---- whose it is ----

def test_tenants_with_the_same_address_get_what_their_own_community_proves(api, other, where):
    mine, theirs = unique("c"), unique("c")
    device = sender(api, mine)
    with contextlib.closing(other.api()) as them:
        foreign = sender(them, theirs)
        trap(where, mine, *marked("mine"))
        trap(where, theirs, *marked("theirs"))
        assert words(settled(api, where, mine, device_id=device)) >= {"mine"}
        assert words(settled(them, where, theirs, device_id=foreign)) >= {"theirs"}
        assert "theirs" not in words(events(api, limit=1000)) and "mine" not in words(events(them, limit=1000))
        assert them.get(f"/api/v1/events?device_id={device}").json()["items"] == []


def test_tenants_that_share_a_community_both_get_it(api, other, where):
    community = unique("c")
    device = sender(api, community)
    with contextlib.closing(other.api()) as them:
        foreign = sender(them, community)
        assert trap(where, community, *marked("shared"), inform=True).returncode == 0
        assert words(events(api, device_id=device)) == words(events(them, device_id=foreign)) == {"shared"}


def test_a_wrong_community_is_never_stored_and_an_inform_with_it_not_acknowledged(api, where):
    community = unique("c")
    device = sender(api, community)
    for wrong in (community[:-1], community + "x", "public", community.upper()):
        trap(where, wrong, *marked("wrong"))
    assert ask(where, notification(community + "x", pdu=0xA6), timeout=1) is None
    assert "wrong" not in words(settled(api, where, community, device_id=device))


def test_an_address_that_no_device_has_is_nobodys(stack, api, where):
    community = unique("c")
    device = sender(api, community)
    before = sql(stack.env, "SELECT count(*) FROM drm.device_events")[0][0]
    send(where, notification(community), source="127.0.0.77")
    assert ask(where, notification(community, pdu=0xA6), timeout=1, source="127.0.0.77") is None
    assert len(settled(api, where, community, device_id=device)) == 1
    assert sql(stack.env, "SELECT count(*) FROM drm.device_events")[0][0] == before + 1


def test_the_address_that_a_trap_tells_counts_only_where_the_profile_allows(api, where):
    community = unique("c")
    relayed = sender(api, community, address="198.51.100.7", settings={"trap_agent_address": True})
    strict = sender(api, unique("c"), address="198.51.100.8")
    home = sender(api, home_community := unique("c"))
    trap1(where, community, ENTERPRISE, "198.51.100.7", 0, 0, *marked("relayed"))
    assert words([first(api, device_id=relayed)]) == {"relayed"}
    trap1(where, community, ENTERPRISE, "198.51.100.8", 0, 0, *marked("forged"))
    settled(api, where, home_community, device_id=home)
    assert events(api, device_id=strict) == []


def test_settings_that_no_program_of_ours_writes_keep_nobodys_traps_out(stack, api, other, where):
    """Whoever has the application's log-in can write a profile of their own tenant by SQL."""
    community = unique("c")
    device = sender(api, community)
    with contextlib.closing(other.api()) as them:
        odd = sender(them, unique("c"))
        for settings in ('{"trap_agent_address": "maybe"}', '{"trap_agent_address": {"a": [1]}}', "{}"):
            sql(stack.env, "UPDATE drm.device_protocol_profiles SET settings = %s WHERE device_id = %s RETURNING 1", (settings, odd))
            found = settled(api, where, community, device_id=device)
            assert found
            time.sleep(2.1)  # what the listener knows of an address is good for two seconds


@pytest.mark.parametrize("address", ["::ffff:127.0.0.1", "0:0:0:0:0:FFFF:7f00:1"])
def test_an_address_counts_in_whatever_form_it_was_written(api, where, address):
    community = unique("c")
    device = sender(api, community, address=address)
    trap(where, community, *marked("mapped"))
    assert words([first(api, device_id=device)]) == {"mapped"}


def test_changes_of_devices_and_credentials_hold_within_seconds(api, where):
    old, new = unique("c"), unique("c")
    credential = api.post("/api/v1/snmp-credentials", {"name": unique("cred"), "community": old}).json()["id"]
    device = sender(api, credential_id=credential)
    settled(api, where, old, device_id=device)
    assert api.call("PATCH", f"/api/v1/snmp-credentials/{credential}", {"community": new}).status == 200
    wait_until(lambda: trap(where, new, *marked("new")) and "new" in words(events(api, device_id=device)), 10, 0.2)
    trap(where, old, *marked("late"))
    assert "late" not in words(settled(api, where, new, device_id=device))
    assert api.call("DELETE", f"/api/v1/devices/{device}").status == 204
    trap(where, new, *marked("gone"))


def test_a_suspended_tenants_traps_are_nobodys(stack, where):
    tenant = Tenant(stack.build, stack.env, stack.url)
    with contextlib.closing(tenant.api()) as api:
        community = unique("c")
        device = sender(api, community)
        settled(api, where, community, device_id=device)
        before = sql(stack.env, "SELECT count(*) FROM drm.device_events WHERE tenant_id = %s", (tenant.id,))[0][0]
        sql(stack.env, "UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = %s RETURNING 1", (tenant.id,))
        wait_until(lambda: trap(where, community, inform=True, check=False).returncode != 0, 20, 0.1)
        after = sql(stack.env, "SELECT count(*) FROM drm.device_events WHERE tenant_id = %s", (tenant.id,))[0][0]
        trap(where, community, *marked("suspended"))
        time.sleep(1)
        assert sql(stack.env, "SELECT count(*) FROM drm.device_events WHERE tenant_id = %s", (tenant.id,))[0][0] == after >= before


# ---- bad input ----

def test_what_is_no_notification_is_never_stored(api, where):
    community = unique("c")
    device = sender(api, community)
    good = notification(community, varbind(SYS_NAME, tlv(4, b"bad")))
    cut = [good[:n] for n in range(1, len(good))]
    flipped = [good[:i] + bytes([good[i] ^ 0xFF]) + good[i + 1:] for i in range(2, 12)]
    get = notification(community, pdu=0xA0)
    response = notification(community, pdu=0xA2)
    inform1 = notification(community, pdu=0xA6, version=0)
    endless = b"\x30\x80" + good[2:] + b"\0\0"
    unknown = notification(community, varbind(SYS_NAME, tlv(0x7F, b"x")))
    for i, message in enumerate([b"", b"\0" * 65000, os.urandom(1400), get, response, inform1, endless, unknown, *cut, *flipped]):
        send(where, message)
        if i % 50 == 49:
            time.sleep(0.3)  # a source may send 200 a second
    time.sleep(1)
    assert "bad" not in words(settled(api, where, community, device_id=device))


def test_the_largest_datagram_is_stored_whole(api, where):
    community = unique("c")
    device = sender(api, community)
    send(where, notification(community, varbind(SYS_NAME, tlv(4, b"x" * 65000))))
    event = first(api, device_id=device)
    assert words([event]) == {"x" * 65000}


def test_text_that_json_or_postgresql_does_not_take_is_told_as_hex(api, where):
    community = unique("c")
    device = sender(api, community)
    for octets in (b"a\0b", b"\xff\xfe", b"\x1b[31m", "ü".encode("latin-1")):
        send(where, notification(community, varbind(SYS_NAME, tlv(4, octets)), varbind("1.3.6.1.4.1.32473.1", integer(1))))
    found = wait_until(lambda: (lambda e: e if len(e) == 4 else None)(events(api, device_id=device)), 10, 0.05)
    assert words(found) == {"61:00:62", "ff:fe", "1b:5b:33:31:6d", "fc"}


def test_a_flood_from_one_address_is_bounded_and_others_get_through(stack, api):
    community = unique("c")
    noisy, quiet = sender(api, community, address="127.0.0.3"), sender(api, community, address="127.0.0.4")
    with listener(stack, "--trap-rate", "10") as (where, _):
        send(where, *[notification(community)] * 2000, source="127.0.0.3")
        send(where, notification(community, varbind(SYS_NAME, tlv(4, b"quiet"))), source="127.0.0.4")
        assert words([first(api, device_id=quiet)]) == {"quiet"}
        time.sleep(1)
        assert 1 <= len(events(api, device_id=noisy, limit=1000)) <= 60


# ---- a database or Redis that is away ----

def test_events_wait_for_a_database_that_is_away(api, stack):
    community = unique("c")
    device = sender(api, community, address="127.0.0.5")
    with listener(stack) as (where, _):
        send(where, notification(community, varbind(SYS_NAME, tlv(4, b"before"))), source="127.0.0.5")
        first(api, device_id=device)
        stack.kill("postgres")
        time.sleep(0.5)
        send(where, *[notification(community, varbind(SYS_NAME, tlv(4, b"%d" % i))) for i in range(50)], source="127.0.0.5")
        assert ask(where, notification(community, pdu=0xA6), timeout=1, source="127.0.0.5") is None
        stack.restart("postgres")
        found = wait_until(lambda: (lambda e: e if len(e) == 52 else None)(events(api, device_id=device, limit=100)), 30, 0.2)
        assert words(found) == {"before", *map(str, range(50))}


def test_without_redis_events_are_stored_all_the_same(api, stack):
    community = unique("c")
    device = sender(api, community, address="127.0.0.6")
    env = {**stack.env, "DRM_REDIS_URL": "redis://127.0.0.1:1"}
    with listener(stack, env=env) as (where, _):
        send(where, notification(community, name=COLD_START), source="127.0.0.6")
        assert first(api, device_id=device)["name"] == "coldStart"
