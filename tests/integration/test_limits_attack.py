"""Quotas and the log-in throttle against somebody who holds the application's database password and a tenant's context, with SQL of their
own; and the throttle's table, which attackers fill. Calls attack_support.py."""
import secrets
import threading

import pytest
from attack_support import DENIED, attacker, context, refused, run, siege, use_seal  # noqa: F401

DEVICE = ("INSERT INTO drm.devices (tenant_id, id, name) SELECT %s, gen_random_uuid(), gen_random_uuid() FROM generate_series(1, %s)")
JOB = ("INSERT INTO drm.jobs (tenant_id, id, device_id, protocol, operation, idempotent, exclusive, timeout_ms)"
       " SELECT %s, gen_random_uuid(), %s, 'fake', 'echo', true, false, 1000 FROM generate_series(1, %s)")
ADMIT = "SELECT sec.throttle_admit(%s, %s, %s::bytea[], '{10,50,30}', '{50,-1,-1}', '{1000,1000,1000}', '{60000,300000,30000}', 3600, %s)"
SETTLE = "SELECT sec.throttle_settle(%s, %s, %s::bytea[], '{10,50,30}', '{50,-1,-1}', %s, 7776000, %s)"


@pytest.fixture
def quota(siege):  # noqa: F811
    """Sets quotas of tenant a, which has 300 devices and one job; taken back at the end."""
    def change(**values):
        cursor = siege.admin.cursor()
        for name, value in values.items():
            cursor.execute(f"UPDATE drm.tenants SET max_{name} = %s WHERE tenant_id = %s", (value, siege.a.tenant))
        siege.admin.commit()
    yield change
    change(devices=None, queued=None)


def test_sql_of_ones_own_does_not_pass_a_quota(siege, attacker, quota):  # noqa: F811
    quota(devices=302, queued=3)
    for sql, state, args in ((DEVICE, "DR409", (siege.a.tenant, 3)), (JOB, "DR429", (siege.a.tenant, siege.a.device, 3))):
        with context(siege, attacker, siege.a):
            error = refused(attacker, state, sql, args, says="is used up")
            assert error.diag.message_detail.startswith("quota ")
        with context(siege, attacker, siege.a):
            assert run(attacker, sql, (*args[:-1], 2)) == 2
            refused(attacker, state, sql, (*args[:-1], 1))
    # Nor does a snapshot that is older than what the others made.
    attacker.rollback()
    run(attacker, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal_of(attacker, siege.a),))
    run(attacker, "SELECT count(*) FROM drm.devices")
    siege.admin.cursor().execute(DEVICE, (siege.a.tenant, 2))
    siege.admin.commit()
    refused(attacker, "40001", DEVICE, (siege.a.tenant, 1))
    siege.admin.cursor().execute("DELETE FROM drm.devices d WHERE tenant_id = %s AND name NOT LIKE %s", (siege.a.tenant, siege.a.word + "%"))
    siege.admin.commit()


def test_one_transaction_waits_for_the_other(siege, attacker, quota):  # noqa: F811
    """Both see one place left: the second learns of the first one's end before it takes it."""
    quota(devices=301)
    other = siege.database.app()
    other.autocommit = False
    outcome = []

    def second():
        run(other, "SELECT sec.enter(%s, 0)", (siege.seal_of(other, siege.a),))
        refused(other, "DR409", DEVICE, (siege.a.tenant, 1))
        outcome.append("refused")

    with context(siege, attacker, siege.a):
        run(attacker, DEVICE, (siege.a.tenant, 1))
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive() and not outcome
        attacker.commit()
        thread.join(20)
    other.close()
    assert outcome == ["refused"]
    siege.admin.cursor().execute("DELETE FROM drm.devices d WHERE tenant_id = %s AND name NOT LIKE %s", (siege.a.tenant, siege.a.word + "%"))
    siege.admin.commit()


def test_a_tenant_sets_no_quota_and_counts_nothing_itself(siege, attacker):  # noqa: F811
    for sql in ("UPDATE drm.tenants SET max_devices = NULL", "DELETE FROM drm.quota_usage",
                "INSERT INTO drm.quota_usage (tenant_id, quota, at_most) VALUES (sec.tenant(), 'devices', 0)",
                "UPDATE drm.quota_usage SET at_most = 0",
                "SELECT sched.keep_quota(sec.tenant(), 'devices', 1, 1, 'DR409', '')", "SELECT sched.quota_devices()",
                "ALTER TABLE drm.devices DISABLE TRIGGER quota", "SET LOCAL session_replication_role = replica"):
        with context(siege, attacker, siege.a):
            refused(attacker, DENIED, sql)


def test_quotas_of_ones_own_tenant_only(siege, attacker):  # noqa: F811
    refused(attacker, "DR403", "SELECT * FROM sched.quotas()")
    with context(siege, attacker, siege.a):
        rows = dict((name, (limit, used)) for name, limit, used in run(attacker, 'SELECT quota, "limit", used FROM sched.quotas()'))
        assert rows["devices"] == (None, 300) and rows["queued_jobs"] == (None, 1) and rows["api_requests"] == (None, None)
    # A role that holds on some devices only shows those, but what the tenant has is the tenant's; without tenant:read, nothing.
    siege.admin.cursor().execute("UPDATE drm.users SET role = 'none' WHERE id = %s", (siege.a.user,))
    siege.admin.commit()
    try:
        with context(siege, attacker, siege.a):
            refused(attacker, "DR403", "SELECT * FROM sched.quotas()")
    finally:
        siege.admin.cursor().execute("UPDATE drm.users SET role = 'operator' WHERE id = %s", (siege.a.user,))
        siege.admin.commit()


# ---- the throttle ----

class Guess:
    """An attempt's hashes, as the library would make them."""

    def __init__(self):
        self.account, self.pair = secrets.token_bytes(32), secrets.token_bytes(32)
        self.keys = [self.pair, secrets.token_bytes(32), self.account]

    def admit(self, connection, rows_max=500000):
        return run(connection, ADMIT, (self.account, self.pair, self.keys, rows_max))[0][0]

    def settle(self, connection, succeeded, known_max=32):
        run(connection, SETTLE, (self.account, self.pair, self.keys, succeeded, known_max))


def auth(siege, connection):  # noqa: F811
    connection.rollback()
    use_seal(connection, siege.system_seal(connection, "auth"))


def test_only_the_keyring_counts_attempts(siege, attacker):  # noqa: F811
    guess = Guess()
    for seal in (None, siege.seal_of(attacker, siege.a), siege.system_seal(attacker, "worker")):
        for sql, args in ((ADMIT, (guess.account, guess.pair, guess.keys, 1)), (SETTLE, (guess.account, guess.pair, guess.keys, True, 1))):
            attacker.rollback()
            if seal:
                use_seal(attacker, seal)
            refused(attacker, DENIED, sql, args)
    auth(siege, attacker)
    for sql in ("SELECT * FROM sec.throttle", "DELETE FROM sec.throttle", "SELECT * FROM sec.throttle_known",
                "INSERT INTO sec.throttle_known VALUES (sha256('a'), sha256('b'), now())", "SELECT sec.throttle_next(1, 1, 1, 1)"):
        auth(siege, attacker)
        refused(attacker, DENIED, sql)


def test_a_race_that_is_lost_counts_nothing(siege, attacker):  # noqa: F811
    """The account bars the way only after the pair was counted already: that must be undone."""
    guess = Guess()
    siege.admin.cursor().execute("INSERT INTO sec.throttle VALUES (%s, 29, '-infinity', now() + interval '1 hour')", (guess.account,))
    siege.admin.commit()
    other = siege.database.app()
    other.autocommit = False
    rival = Guess()
    rival.account, rival.keys[2] = guess.account, guess.account
    auth(siege, other)
    assert rival.admit(other) == 0  # the last free one of the account, not committed yet
    waited = []

    def lose():
        auth(siege, attacker)
        waited.append(guess.admit(attacker))
        attacker.commit()

    thread = threading.Thread(target=lose)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    other.commit()
    thread.join(20)
    other.close()
    assert waited == [1]
    assert siege.ask("SELECT count(*) FROM sec.throttle WHERE key = ANY (%s::bytea[])", (guess.keys[:2],)) == [(0,)]
    assert siege.ask("SELECT attempts FROM sec.throttle WHERE key = %s", (guess.account,)) == [(30,)]


def test_what_is_over_goes(siege, attacker):  # noqa: F811
    cursor = siege.admin.cursor()
    cursor.execute("INSERT INTO sec.throttle SELECT sha256(('old ' || i)::bytea), 1, '-infinity', now() - interval '1 second'"
                   " FROM generate_series(1, 200) AS i")
    siege.admin.commit()
    auth(siege, attacker)
    for _ in range(20):
        assert Guess().admit(attacker) == 0
    attacker.commit()
    assert siege.ask("SELECT count(*) FROM sec.throttle WHERE expires_at < now()") == [(0,)]


def test_a_full_table_forgets_what_would_be_over_first(siege, attacker):  # noqa: F811
    cursor = siege.admin.cursor()
    cursor.execute("INSERT INTO sec.throttle SELECT sha256(('flood ' || i)::bytea), 1, '-infinity', now() + i * interval '1 second'"
                   " FROM generate_series(1, 3000) AS i")
    siege.admin.commit()
    cursor.execute("ANALYZE sec.throttle")
    siege.admin.commit()
    auth(siege, attacker)
    guess = Guess()
    for _ in range(5):
        assert guess.admit(attacker, rows_max=1000) == 0
    attacker.commit()
    left = siege.ask("SELECT count(*) FROM sec.throttle WHERE key = ANY (ARRAY(SELECT sha256(('flood ' || i)::bytea)"
                     " FROM generate_series(1, 80) AS i))")[0][0]
    assert left == 0, "those that would be over first are to go"
    assert siege.ask("SELECT count(*) FROM sec.throttle WHERE key = ANY (%s::bytea[])", (guess.keys,)) == [(3,)]
    cursor.execute("DELETE FROM sec.throttle")
    siege.admin.commit()


def test_known_addresses_of_an_account_are_bounded(siege, attacker):  # noqa: F811
    account = secrets.token_bytes(32)
    for i in range(12):
        guess = Guess()
        guess.account, guess.keys[2] = account, account
        auth(siege, attacker)
        assert guess.admit(attacker) == 0
        guess.settle(attacker, True, known_max=5)
        attacker.commit()
    assert siege.ask("SELECT count(*) FROM sec.throttle_known WHERE account = %s", (account,)) == [(5,)]
    assert siege.ask("SELECT count(*) FROM sec.throttle_known WHERE place = %s", (guess.pair,)) == [(1,)], "the latest stays"
