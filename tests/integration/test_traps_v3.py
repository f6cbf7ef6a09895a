"""SNMP version 3 traps and informs from end to end: net-snmp's programs send. Credentials are put where the API puts them."""
import contextlib
import os
import re
import subprocess

import pytest
from http_support import wait_until
from job_support import ask as sql, make_credential, unique
from trap_support import ask, events, first, listener, marked, overheard, program, send, sender, settled, trap3, words

AUTH, PRIV = "authentic passphrase", "private passphrase"


@pytest.fixture
def device3(stack, api, tenant):
    """device3(auth, priv, ...): a device with a user of its own; (device, user)."""
    def make(auth="SHA", priv=None, auth_password=AUTH, priv_password=PRIV, name=None, owner=(api, tenant)):
        name = name or unique("u")[:32]
        credential = make_credential(owner[0], name, auth, {"AES": "AES-128"}.get(priv, priv), auth_password, priv_password)
        return sender(owner[0], credential_id=credential, settings={}), name
    return make


def quiet(api, where):
    """What was sent before this was looked at."""
    community = unique("c")
    device = sender(api, community)
    settled(api, where, community, device_id=device)


LEVELS = [("MD5", None), ("SHA", None), ("SHA-224", None), ("SHA-256", None), ("SHA-384", None), ("SHA-512", None), ("MD5", "DES"), ("SHA", "DES"),
          ("MD5", "AES"), ("SHA", "AES"), ("SHA-256", "AES"), ("SHA-512", "AES"), ("SHA-512", "DES"), ("SHA", "AES-192"), ("SHA", "AES-256"),
          ("SHA-256", "AES-256"), ("SHA-512", "AES-256"), ("MD5", "AES-256-C"), ("SHA", "AES-192-C"), ("SHA-256", "AES-256-C")]


def knows(priv):
    shown = subprocess.run(["snmptrap", "-v", "3", "-x", priv, "-h"], capture_output=True, text=True, check=False).stderr
    return "Invalid privacy protocol" not in shown


@pytest.mark.parametrize("auth, priv", LEVELS)
def test_traps_and_informs_of_all_protocols(api, where, device3, auth, priv):
    if priv and not knows(priv):
        pytest.skip(f"this net-snmp has no {priv}")
    device, user = device3(auth, priv)
    trap3(where, user, auth, AUTH, *marked("trap"), priv=priv, priv_password=PRIV)
    event = first(api, device_id=device)
    assert event["kind"] == "snmp.trap" and words([event]) == {"trap"} and event["name"] == "coldStart"
    assert (event["detail"]["version"], event["detail"]["user"]) == ("3", user)
    done = trap3(where, user, auth, AUTH, *marked("inform"), priv=priv, priv_password=PRIV, inform=True)
    assert done.returncode == 0 and not re.search("(?i)time|error|fail", done.stderr), done
    newest = events(api, device_id=device)
    assert [e["kind"] for e in newest] == ["snmp.inform", "snmp.trap"] and words(newest[:1]) == {"inform"}


def test_a_message_that_does_not_prove_its_user_is_never_stored(api, where, device3):
    device, user = device3("SHA", "AES")
    for wrong in ({"auth_password": "another passphrase"}, {"priv_password": "another passphrase"}, {"name": user + "x"}, {"auth": "MD5"},
                  {"priv": "DES"}, {"priv": None}, {"priv": None, "auth": None}):
        given = {"name": user, "auth": "SHA", "auth_password": AUTH, "priv": "AES", "priv_password": PRIV, **wrong}
        words_ = (given.pop("name"), given.pop("auth"), given.pop("auth_password"), *marked("wrong"))
        trap3(where, *words_, **given)
        assert trap3(where, *words_, **given, inform=True, check=False).returncode != 0, wrong
    quiet(api, where)
    assert events(api, device_id=device) == []


def test_a_user_without_a_key_proves_nothing(api, where, device3):
    device, user = device3(None, None, auth_password=None)
    trap3(where, user, None, None, *marked("none"))
    assert trap3(where, user, None, None, *marked("none"), inform=True, check=False).returncode != 0
    quiet(api, where)
    assert events(api, device_id=device) == []


@pytest.mark.parametrize("priv", [None, "AES"])
def test_users_of_one_name_with_other_passphrases_are_kept_apart(api, where, other, device3, priv):
    """Two tenants, the same address, the same user name, the same engine: in both orders, one between the other."""
    name = unique("u")[:32]
    device, _ = device3("SHA", priv, "first passphrase", "first private", name)
    with contextlib.closing(other.api()) as them:
        foreign, _ = device3("SHA", priv, "second passphrase", "second private", name, (them, other))
        for turn in range(4):
            for who, number in (("first", turn), ("second", turn), ("second", -turn - 1), ("first", -turn - 1)):
                trap3(where, name, "SHA", f"{who} passphrase", *marked(f"{who}{number}"), priv=priv, priv_password=f"{who} private")
        for api_, id_, who in ((api, device, "first"), (them, foreign, "second")):
            found = wait_until(lambda a=api_, i=id_: (lambda e: e if len(e) >= 8 else None)(events(a, device_id=i)), 10, 0.1)
            assert words(found) == {f"{who}{n}" for n in (*range(4), *range(-4, 0))}
        assert trap3(where, name, "SHA", "first passphrase", *marked("i"), priv=priv, priv_password="first private", inform=True).returncode == 0
        assert "i" in words(events(api, device_id=device)) and "i" not in words(events(them, device_id=foreign))


def test_the_same_authentication_with_another_encryption_is_kept_apart(api, where, other, device3):
    name = unique("u")[:32]
    device, _ = device3("SHA", "AES", "common passphrase", "first private", name)
    with contextlib.closing(other.api()) as them:
        foreign, _ = device3("SHA", "AES", "common passphrase", "second private", name, (them, other))
        trap3(where, name, "SHA", "common passphrase", *marked("mine"), priv="AES", priv_password="first private")
        assert words([first(api, device_id=device)]) == {"mine"}
        trap3(where, name, "SHA", "common passphrase", *marked("theirs"), priv="AES", priv_password="second private")
        assert words([first(them, device_id=foreign)]) == {"theirs"}
        assert words(events(api, device_id=device)) == {"mine"}


@pytest.mark.parametrize("priv", [None, "AES"])
def test_a_trap_that_is_sent_again_is_refused(api, where, device3, priv):
    device, user = device3("SHA", priv)
    with overheard(where) as (between, got):
        trap3(between, user, "SHA", AUTH, *marked("once"), priv=priv, priv_password=PRIV)
        first(api, device_id=device)
    assert len(got) == 1
    send(where, *got * 3)
    send(where, *(got[0] + more for more in (b"\0", b"\x30\0", got[0])))  # what stands behind it is no part of it
    quiet(api, where)
    assert len(events(api, device_id=device)) == 1


def test_an_old_trap_is_refused_after_a_restart_of_its_engine(api, where, device3):
    """snmptrap counts its engine's starts only where it keeps its state: -Z tells boots and time."""
    device, user = device3("SHA")
    engine = "0x8000000005060708"

    def told(boots, time, word):
        return program("snmptrap", "-v", "3", "-u", user, "-a", "SHA", "-A", AUTH, "-l", "authNoPriv", "-e", engine, "-Z", f"{boots},{time}", where, "1",
                       "1.3.6.1.6.3.1.1.5.1", *marked(word))
    for boots, time, word in ((7, 5000, "first"), (7, 4900, "late"), (7, 4000, "too late"), (6, 9000, "before"), (8, 1, "restarted"), (7, 5001, "old")):
        told(boots, time, word)
    quiet(api, where)
    assert words(events(api, device_id=device)) == {"first", "late", "restarted"}


def test_damaged_messages_are_refused(api, where, device3):
    device, user = device3("SHA", "AES")
    with overheard(where) as (between, got):
        trap3(between, user, "SHA", AUTH, *marked("whole"), priv="AES", priv_password=PRIV)
        first(api, device_id=device)
    message = got[0]
    for i in range(0, len(message), 2):
        send(where, message[:i] + bytes([message[i] ^ 1]) + message[i + 1:], message[:i])
        if i % 100 == 98:
            quiet(api, where)
    quiet(api, where)
    assert len(events(api, device_id=device)) == 1


def test_our_engine_is_told_to_devices_only(api, where, device3):
    device3("SHA")
    probe = bytes.fromhex("303e020103301102041a2b3c4d020300ffe30401040201030410300e0400020100020100040004000400"
                          "30140400 0400 a00e 02041a2b3c4e 020100 020100 3000".replace(" ", ""))
    told = wait_until(lambda: ask(where, probe, timeout=1), 5)
    assert b"\x2b\x06\x01\x06\x03\x0f\x01\x01\x04\x00" in told and b"\x80\x00\x7e\xd9\x05" in told
    assert len(told) < 3 * len(probe)
    assert ask(where, probe, timeout=1, source="127.0.0.78") is None


def test_our_engine_keeps_its_id_and_counts_its_starts(stack, api, device3):
    device, user = device3("SHA")
    told = []
    with listener(stack) as (address, worker):
        for number in (9, 15):  # killed, then asked to end
            trap3(address, user, "SHA", AUTH, *marked(str(number)), inform=True)
            told += sql(stack.env, "SELECT engine_id, boots FROM drm.trap_engines WHERE name LIKE %s", ("%" + address,))
            os.kill(worker.pid, number)
            wait_until(lambda: not worker.alive())
            worker.start()
        assert trap3(address, user, "SHA", AUTH, *marked("last"), inform=True).returncode == 0
        told += sql(stack.env, "SELECT engine_id, boots FROM drm.trap_engines WHERE name LIKE %s", ("%" + address,))
    assert len({engine for engine, _ in told}) == 1 and [boots for _, boots in told] == [1, 2, 3]
    assert words(events(api, device_id=device)) == {"9", "15", "last"}
