"""The audit trail: what changes and refusals leave in it, that no secret is in it, and that the chain names whatever was done to it behind
its back. The superuser tampers; drmctl proves."""
import concurrent.futures
import json
import pathlib
import random
import re
import secrets
import subprocess
import sys
import threading
import time
import uuid

import psycopg2
import pytest
from attack_support import Siege
from drmctl_support import Ctl

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "audit.md"


class Trail:
    """A tenant of a test's own, its drmctl, and the superuser."""

    def __init__(self, database, folder):
        self.database = database
        self.ctl = Ctl(database, folder)
        self.ctl.new_tenant()
        self.admin = database.admin()
        self.admin.autocommit = True
        self.id = self.ask("SELECT tenant_id::text FROM drm.tenants WHERE name = %s", self.ctl.env["DRM_TENANT"])[0][0]
        self.user = self.ask("SELECT id::text FROM drm.users WHERE tenant_id = %s", self.id)[0][0]

    def ask(self, sql, *args):
        with self.admin.cursor() as cursor:
            cursor.execute(sql, args)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def rows(self, action=None):
        return self.ask("SELECT id::text, action, object_type, object_id::text, detail, actor_id::text FROM drm.audit_logs WHERE tenant_id = %s"
                        " AND (%s::text IS NULL OR action = %s) ORDER BY id", self.id, action, action)

    def fill(self, links=3, rows=4):
        """Rows in several links; ids of all of them, in order."""
        for n in range(links):
            for m in range(rows):
                self.ask("INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, detail, address) VALUES (%s, %s, %s, 'test.row', %s, %s)",
                         self.id, str(uuid.uuid4()), self.user, json.dumps({"n": n, "m": m, "text": "grüße \" \\ \u2028"}), "192.0.2.1")
            self.verify()
        return self.linked()

    def linked(self):
        return [str(row[0]) for row in self.ask("SELECT unnest(ids) FROM drm.audit_chain WHERE tenant_id = %s ORDER BY seq", self.id)]

    def verify(self, *options, code=0):
        """Links what is new and proves the chain; the report."""
        done = self.ctl.run("audit", "verify", "-o", "json", *options)
        assert done.returncode == code, (done.stdout, done.stderr)
        return json.loads(done.stdout) if done.stdout else done.stderr

    def broken(self, flaw, row=None, link=None, options=()):
        report = self.verify(*options, code=1)
        assert report["flaw"] == flaw and not report["intact"], report
        if row:
            assert report["row_id"] == row, report
        if link:
            assert report["link"] == link, report
        return report


@pytest.fixture
def trail(database, tmp_path):
    made = Trail(database, tmp_path)
    yield made
    # What one test breaks is nothing to the others: each has a tenant of its own.
    made.admin.close()


@pytest.fixture(scope="module")
def siege(database):
    besieged = Siege(database)
    yield besieged
    besieged.admin.close()


def secret_file(folder, text):
    path = folder / secrets.token_hex(4)
    path.write_text(text + "\n")
    return str(path)


# ---- what a row tells ----

def test_changes_tell_what_was_and_what_is(trail, tmp_path):
    trail.ctl.ok("device", "create", "one", "--description", "old", "--tag", "site=berlin")
    trail.ctl.ok("device", "update", "one", "--description", "new", "--tag", "site=bonn")
    trail.ctl.ok("device", "update", "one", "--name", "two")
    trail.ctl.ok("device", "delete", "two", "-y")
    made, first, second, gone = [row[4] for row in trail.rows() if row[1].startswith("device.")]
    assert made == {"after": {"name": "one", "description": "old", "tags": ["site=berlin"], "protocols": [], "profiles": [],
                              "vendor": "", "firmware": ""}}
    assert first == {"before": {"description": "old", "tags": ["site=berlin"]}, "after": {"description": "new", "tags": ["site=bonn"]}}
    assert second == {"before": {"name": "one"}, "after": {"name": "two"}}
    assert gone["before"]["name"] == "two" and "after" not in gone
    actors = {row[5] for row in trail.rows()}
    assert actors == {trail.user}


def test_what_changes_nothing_says_so_and_large_values_are_told_by_their_hash(trail, tmp_path):
    trail.ctl.ok("device", "create", "one", "--description", "same")
    trail.ctl.ok("device", "update", "one", "--description", "same")
    assert trail.rows("device.update")[-1][4] == {"before": {}, "after": {}}
    settings = {"a": "x" * 6000}
    profile = tmp_path / "p"
    profile.write_text(json.dumps({"profiles": [{"protocol": "fake", "settings": settings}]}))
    trail.ctl.ok("device", "update", "one", "--json", str(profile))
    after = trail.rows("device.update")[-1][4]["after"]["profiles"]
    assert after["bytes"] > 6000 and re.fullmatch("[0-9a-f]{64}", after["sha256"])


def test_no_secret_is_in_the_trail(trail, tmp_path):
    """Every community that was ever given, in whatever way."""
    given = [secrets.token_urlsafe(16) for _ in range(5)]
    files = [secret_file(tmp_path, text) for text in given]
    made = trail.ctl.json("credential", "create", "c", "--community-file", files[0])
    trail.ctl.ok("credential", "update", made["id"], "--community-file", files[1])
    trail.ctl.ok("credential", "update", made["id"], "--name", "d")
    trail.ctl.ok("device", "create", "one", "--snmp", "192.0.2.7", "--community-file", files[2])
    trail.ctl.ok("device", "update", "one", "--snmp", "192.0.2.8", "--community-file", files[3])
    whole = tmp_path / "whole"
    whole.write_text(json.dumps({"profiles": [{"protocol": "snmp", "address": "192.0.2.9", "community": given[4]}]}))
    trail.ctl.ok("device", "update", "one", "--json", str(whole))
    trail.ctl.ok("device", "delete", "one", "-y")
    key = trail.ctl.json("api-key", "create", "k")["key"]
    text = "\n".join(row[0] for row in trail.ask("SELECT a::text FROM drm.audit_logs a WHERE tenant_id = %s", trail.id))
    assert text.count("community") >= 8
    for secret in [*given, key, key.rsplit("_", 1)[1], trail.ctl.env["DRM_PASSWORD"]]:
        for form in (secret, secret.encode().hex()):
            assert form not in text
    updates = [row[4] for row in trail.rows("credential.update")]
    assert updates[0] == {"before": {"community": {"set": True}}, "after": {"community": {"set": True, "changed": True}}}
    assert updates[1] == {"before": {"name": "c"}, "after": {"name": "d"}}
    # Each credential that came with a profile is one made, and one gone when the profile no longer uses it.
    assert (len(trail.rows("credential.create")), len(trail.rows("credential.delete"))) == (4, 3)


def viewer(trail):
    """Another person of the tenant, with a key that may read only. The key's file and the user's id."""
    user, key_id = str(uuid.uuid4()), uuid.uuid4()
    key = f"drm_{key_id.hex}_{secrets.token_urlsafe(32)}"
    trail.ask("INSERT INTO drm.users (tenant_id, id, email, role) VALUES (%s, %s, %s, 'viewer')", trail.id, user, user + "@example.net")
    trail.ask("INSERT INTO drm.api_keys (tenant_id, id, user_id, label, prefix, key_hash) VALUES (%s, %s, %s, 'v', 'v', sha256(convert_to(%s, 'UTF8')))",
              trail.id, str(key_id), user, key)
    return user, {"DRM_API_KEY": key}


def test_a_refused_call_is_a_row(trail, tmp_path):
    device = trail.ctl.json("device", "create", "one")["id"]
    user, env = viewer(trail)
    before = trail.ask("SELECT count(*) FROM drm.audit_logs WHERE tenant_id = %s", trail.id)
    calls = [(("device", "update", device, "--description", "x"), "device:write", "device_hold", "device", device),
             (("device", "create", "two"), "device:write", "device_insert", None, None),
             (("credential", "list"), "credential:read", "credential_list", None, None),
             (("job", "submit", "fake", "echo", device), "job:submit:read", "job_submit", "device", device),
             (("audit", "list"), "audit:read", "audit_list", None, None),
             (("audit", "verify"), "audit:read", "audit_head", None, None)]
    for words, permission, call, kind, thing in calls:
        done = trail.ctl.run(*words, env=env)
        assert done.returncode == 3, (words, done.stderr)
        refused = trail.rows("refused")
        assert refused[-1][1:] == ("refused", kind, thing, {"permission": permission, "call": call}, user), words
    assert len(trail.rows("refused")) == len(calls)
    assert trail.ctl.run("device", "show", "one", env=env).returncode == 0
    assert len(trail.rows("refused")) == len(calls)
    # None of it was done.
    assert trail.ask("SELECT count(*) FROM drm.audit_logs WHERE tenant_id = %s AND action <> 'refused'", trail.id) == before
    trail.verify()


def test_a_flood_of_refusals_is_counted(trail, siege):
    """60 rows of one actor in a minute; the others become one row that counts them, also when no further one comes."""
    user, env = viewer(trail)
    app = trail.database.app()
    app.autocommit = False
    try:
        for n in range(200):
            with app.cursor() as cursor:
                cursor.execute("SELECT sec.enter(%s, 0)", (siege.seal(app, trail.id, user),))
                cursor.execute("SELECT adm.audit_refused(gen_random_uuid(), 'device:write', 'flood', NULL, NULL, NULL, '192.0.2.1')")
            app.commit()
        assert len(trail.rows("refused")) == 60
        # Another actor has a minute of its own.
        with app.cursor() as cursor:
            cursor.execute("SELECT sec.enter(%s, 0)", (siege.seal(app, trail.id, trail.user),))
            cursor.execute("SELECT adm.audit_refused(gen_random_uuid(), 'device:write', 'flood', NULL, NULL, NULL, NULL)")
        app.commit()
    finally:
        app.close()
    assert len(trail.rows("refused")) == 61
    trail.ask("UPDATE sec.audit_refusals SET since = since - interval '2 minutes' WHERE tenant_id = %s", trail.id)
    trail.verify()  # links, and so settles
    counted = [row for row in trail.rows("refused") if "more" in row[4]]
    assert [(row[4]["more"], row[3], row[5]) for row in counted] == [(140, user, user)]
    assert trail.ask("SELECT count(*) FROM sec.audit_refusals WHERE tenant_id = %s", trail.id) == [(0,)]
    assert trail.ctl.run("device", "create", "x", env=env).returncode == 3
    assert len(trail.rows("refused")) == 63
    trail.verify()


def test_a_failed_log_in_stands_in_the_accounts_tenant(trail, siege):
    app = trail.database.app()
    app.autocommit = False
    call = "SELECT adm.audit_failed_login(gen_random_uuid(), %s, %s, 'password', 'r-1', '192.0.2.1')"
    try:
        for tenant, user in [(trail.id, trail.user)] * 70 + [(trail.id, str(uuid.uuid4())), (siege.a.tenant, trail.user)]:
            with app.cursor() as cursor:
                cursor.execute("SELECT sec.enter_system(%s)", (siege.system_seal(app, "auth"),))
                cursor.execute(call, (tenant, user))
            app.commit()
    finally:
        app.close()
    failed = trail.rows("auth.login_failed")
    assert len(failed) == 60 and {(row[2], row[3], row[5], row[4]["reason"]) for row in failed} == {("user", trail.user, None, "password")}
    assert trail.ask("SELECT count(*) FROM drm.audit_logs WHERE action = 'auth.login_failed' AND tenant_id = %s", siege.a.tenant) == [(0,)]


# ---- lists ----

def test_lists_are_filtered_and_paged(trail):
    device = trail.ctl.json("device", "create", "one")["id"]
    trail.ctl.ok("device", "update", "one", "--description", "x")
    trail.ctl.ok("device", "create", "two")

    def listed(*options):
        return trail.ctl.json("audit", "list", *options)["items"]
    every = listed()
    assert [row["id"] for row in every] == sorted((row[0] for row in trail.rows()), reverse=True)
    assert {row["action"] for row in listed("--action", "device.*")} == {"device.create", "device.update"}
    assert [row["action"] for row in listed("--object-id", device)] == ["device.update", "device.create"]
    assert len(listed("--actor-id", trail.user)) == len(every) and listed("--actor-id", device) == []
    assert {row["object_type"] for row in listed("--object-type", "device")} == {"device"}
    assert len(listed("--since", "2020-01-01", "--until", "2999-01-01T00:00:00+02:00")) == len(every)
    middle = every[1]["at"]
    later, earlier = listed("--since", middle), listed("--until", middle)
    assert [row["id"] for row in later + earlier] == [row["id"] for row in every] and len(later) == 2
    assert listed("--since", "2999-01-01") == listed("--until", "2020-01-01") == []
    paged = trail.ctl.json("audit", "list", "--limit", "2", "--action", "device.*")
    rest = trail.ctl.json("audit", "list", "--action", "device.*", "--cursor", paged["next"])
    assert [row["id"] for row in paged["items"] + rest["items"]] == [row["id"] for row in listed("--action", "device.*")]
    assert trail.ctl.run("audit", "list", "--since", middle, "--cursor", paged["next"]).returncode == 2
    for wrong in ("yesterday", "2026-02-30", "2026-01-01T00:00:00", "2026-13-01", "2026-01-01T25:00:00Z", "", "2026-01-01T00:00:00+99:00"):
        done = trail.ctl.run("audit", "list", "--since", wrong)
        assert done.returncode == 2 and "since" in done.stderr, wrong
    assert trail.ctl.run("audit", "list", "--actor-id", "x").returncode == 2


# ---- the chain ----

def test_an_intact_chain_is_proved(trail):
    report = trail.verify()
    assert report["intact"] and report["pending"] == 0 and report["rows"] == len(trail.rows()) >= 2
    ids = trail.fill()
    assert len(ids) == len(set(ids)) == len(trail.rows())
    again = trail.verify("--head", report["head"])
    assert again["links"] > report["links"] and again["head"].split(":")[0] == str(again["links"])
    assert trail.ctl.run("audit", "verify", "--head", "x").returncode == 2
    text = trail.ctl.ok("audit", "verify").stdout
    assert re.search(r"intact: +true", text) and again["head"] in text


TAMPER = {
    "detail": ("row-changed", "UPDATE drm.audit_logs SET detail = '{}' WHERE id = %(row)s"),
    "action": ("row-changed", "UPDATE drm.audit_logs SET action = 'x' WHERE id = %(row)s"),
    "time": ("row-changed", "UPDATE drm.audit_logs SET at = at + interval '1 microsecond' WHERE id = %(row)s"),
    "actor": ("row-changed", "UPDATE drm.audit_logs SET actor_id = NULL WHERE id = %(row)s"),
    "null for empty": ("row-changed", "UPDATE drm.audit_logs SET request_id = '' WHERE id = %(row)s"),
    "transaction": ("row-changed", "UPDATE drm.audit_logs SET xid = '1' WHERE id = %(row)s"),
    "moved field": ("row-changed", "UPDATE drm.audit_logs SET object_type = action, action = 'x' WHERE id = %(row)s"),
    "deleted": ("row-missing", "DELETE FROM drm.audit_logs WHERE id = %(row)s"),
    "to another tenant": ("row-missing", "UPDATE drm.audit_logs SET tenant_id = gen_random_uuid() WHERE id = %(row)s"),
    "exchanged": ("row-changed", "UPDATE drm.audit_logs a SET detail = b.detail FROM drm.audit_logs b WHERE (a.id, b.id) IN"
                                 " ((%(row)s, %(next)s), (%(next)s, %(row)s))"),
    "order": ("rows-reordered", "UPDATE drm.audit_chain SET ids = array_replace(array_replace(array_replace(ids, %(row)s, %(tenant)s), %(next)s, %(row)s),"
                                " %(tenant)s, %(next)s) WHERE tenant_id = %(tenant)s"),
    "id in the link": ("row-missing", "UPDATE drm.audit_chain SET ids = array_replace(ids, %(row)s, gen_random_uuid()) WHERE tenant_id = %(tenant)s"),
}


@pytest.mark.parametrize("how", TAMPER)
def test_what_was_done_to_a_row_is_named(trail, how):
    flaw, sql = TAMPER[how]
    ids = trail.fill()
    row, after = ids[-6], ids[-5]
    with trail.admin.cursor() as cursor:
        cursor.execute(re.sub(r"%\((row|next|tenant)\)s", r"%(\1)s::uuid", sql), {"row": row, "next": after, "tenant": trail.id})
        assert cursor.rowcount > 0
    # Of two that changed places the one that now stands first; of an id that was put in the place of another nothing is known.
    named = {"id in the link": None, "order": after}.get(how, row)
    report = trail.broken(flaw, named)
    assert not named or named in trail.ctl.run("audit", "verify").stderr
    assert report["rows"] < len(ids)


def test_the_last_rows_are_missed(trail):
    ids = trail.fill()
    trail.ask("DELETE FROM drm.audit_logs WHERE tenant_id = %s AND id = %s", trail.id, ids[-1])
    trail.broken("row-missing", ids[-1])


def test_a_row_that_was_put_in_is_named(trail):
    ids = trail.fill()
    forged = str(uuid.uuid4())
    trail.ask("INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, xid) SELECT tenant_id, %s, actor_id, 'forged', xid FROM drm.audit_logs WHERE id = %s",
              forged, ids[3])
    trail.broken("row-inserted", forged)
    # Several, whatever their ids have in common.
    more = [forged[:-4] + "%04x" % n for n in range(3)] + [str(uuid.uuid4())[:-4] + forged[-4:]]
    for one in more:
        trail.ask("INSERT INTO drm.audit_logs (tenant_id, id, action, xid) VALUES (%s, %s, 'forged', '3')", trail.id, one)
    report = trail.broken("row-inserted")
    assert report["row_id"] in more


def test_what_was_done_to_links_is_named(trail):
    trail.fill(links=4)
    links = trail.ask("SELECT max(seq) FROM drm.audit_chain WHERE tenant_id = %s", trail.id)[0][0]
    assert links >= 4

    def change(sql, *more):
        assert trail.ask("UPDATE drm.audit_chain SET " + sql + " WHERE tenant_id = %s AND seq = %s", *more) == 1
    for sql in ("at = at + interval '1 second'", "size = size + 1", "row_hashes = row_hashes || sha256('x')",
                "row_hashes = sha256('x') || substr(row_hashes, 33)", "hash = sha256('x')", "prev_hash = sha256('x')", "ids = '{}'",
                "hash = ''", "row_hashes = ''", "seq = 77"):
        kept = trail.ask("SELECT at, size, ids::text, row_hashes, prev_hash, hash FROM drm.audit_chain WHERE tenant_id = %s AND seq = 2", trail.id)[0]
        change(sql, trail.id, 2)
        report = trail.verify(code=1)
        assert report["link"] in (1, 2), (sql, report)
        change("at = %s, size = %s, ids = %s, row_hashes = %s, prev_hash = %s, hash = %s, seq = 2", *kept, trail.id, 77 if "77" in sql else 2)
        trail.verify()


def test_links_that_were_made_anew_are_named(trail):
    """A row is changed, and with it all that its own link says; then also the links after it. The end remembers."""
    ids = trail.fill(links=3)
    head = trail.verify()["head"]
    seq, = trail.ask("SELECT seq FROM drm.audit_chain WHERE tenant_id = %s AND %s = ANY (ids)", trail.id, ids[-6])[0]
    last, = trail.ask("SELECT max(seq) FROM drm.audit_chain WHERE tenant_id = %s", trail.id)[0]
    assert seq < last
    trail.ask("UPDATE drm.audit_logs SET action = 'x' WHERE tenant_id = %s AND id = %s", trail.id, ids[-6])
    remake = ("UPDATE drm.audit_chain c SET (row_hashes, prev_hash, hash) = (SELECT h.h, p.hash, sec.audit_link_hash(c.tenant_id, c.seq, c.at, c.size, p.hash, h.h)"
              " FROM (SELECT string_agg(sec.audit_row_hash(a), '' ORDER BY u.n) AS h FROM unnest(c.ids) WITH ORDINALITY u (id, n) JOIN drm.audit_logs a"
              " ON a.tenant_id = c.tenant_id AND a.id = u.id) h, (SELECT hash FROM drm.audit_chain WHERE tenant_id = c.tenant_id AND seq = c.seq - 1) p)"
              " WHERE c.tenant_id = %s AND c.seq = %s")
    assert trail.ask(remake, trail.id, seq) == 1
    trail.broken("link-changed", link=seq)
    for n in range(seq + 1, last + 1):
        trail.ask(remake, trail.id, n)
    trail.broken("link-changed", link=last)
    # With what remembers the end as well, only what is kept elsewhere can tell.
    trail.ask("UPDATE sec.audit_heads h SET hash = c.hash FROM drm.audit_chain c WHERE c.tenant_id = h.tenant_id AND c.seq = h.seq AND h.tenant_id = %s", trail.id)
    assert trail.verify()["intact"]
    trail.broken("head-lost", link=last, options=("--head", head))


def test_an_end_that_was_cut_off_is_missed(trail):
    trail.fill(links=3)
    head = trail.verify()["head"]
    last = int(head.split(":")[0])
    gone = "DELETE FROM drm.audit_logs WHERE tenant_id = %s AND id = ANY (SELECT unnest(ids) FROM drm.audit_chain WHERE tenant_id = %s AND seq = %s)"
    trail.ask(gone, trail.id, trail.id, last)
    trail.ask("DELETE FROM drm.audit_chain WHERE tenant_id = %s AND seq = %s", trail.id, last)
    trail.broken("link-missing", link=last)
    trail.ask("UPDATE sec.audit_heads h SET seq = c.seq, hash = c.hash, size = h.size - 4 FROM drm.audit_chain c WHERE c.tenant_id = h.tenant_id AND c.seq = %s"
              " AND h.tenant_id = %s", last - 1, trail.id)
    assert trail.verify()["intact"]
    trail.broken("head-lost", link=last, options=("--head", head))
    trail.ask("DELETE FROM drm.audit_chain WHERE tenant_id = %s AND seq = 1", trail.id)
    trail.broken("link-missing", link=1)


# ---- linking ----

def link(siege, connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT sec.enter_system(%s)", (siege.system_seal(connection, "audit"),))
        cursor.execute("SELECT sched.audit_link(64)")
        return max(0, cursor.fetchone()[0])  # -1: some must wait


def test_a_late_commit_is_linked_behind_what_could_be_linked_before(trail, siege):
    """A transaction that wrote early and commits late: what is younger waits for it, and nothing is linked twice or left out."""
    trail.verify()
    late = trail.database.admin()
    late.autocommit = False
    first = str(uuid.uuid4())
    late.cursor().execute("INSERT INTO drm.audit_logs (tenant_id, id, action) VALUES (%s, %s, 'late')", (trail.id, first))
    trail.ask("INSERT INTO drm.audit_logs (tenant_id, id, action) VALUES (%s, gen_random_uuid(), 'early')", trail.id)
    report = trail.verify()
    assert report["pending"] >= 1 and first not in trail.linked()
    late.commit()
    late.close()
    report = trail.verify()
    assert report["pending"] == 0 and first in trail.linked() and len(trail.linked()) == len(trail.rows())
    rolled = trail.database.admin()
    rolled.autocommit = False
    rolled.cursor().execute("INSERT INTO drm.audit_logs (tenant_id, id, action) VALUES (%s, gen_random_uuid(), 'never')", (trail.id,))
    rolled.rollback()
    rolled.close()
    assert trail.verify()["pending"] == 0


def test_many_write_many_link_and_some_are_killed(trail, siege):
    """Writers with transactions of all lengths, linkers whose connections are terminated at any moment."""
    over = threading.Event()
    deadline = time.monotonic() + 8
    written = []

    def write(seed):
        rng = random.Random(seed)
        connection = trail.database.app()
        connection.autocommit = False
        while time.monotonic() < deadline:
            with connection.cursor() as cursor:
                cursor.execute("SELECT sec.enter(%s, 0)", (siege.seal(connection, trail.id, trail.user),))
                ids = [str(uuid.uuid4()) for _ in range(rng.choice([1, 1, 2, 50]))]
                cursor.execute("INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action) SELECT %s, u::uuid, %s, 'load' FROM unnest(%s) u",
                               (trail.id, trail.user, ids))
                time.sleep(rng.choice([0, 0, 0.01, 0.3]))
            if rng.random() < 0.1:
                connection.rollback()
            else:
                connection.commit()
                written.extend(ids)
        connection.close()

    def keep_linking():
        done = 0
        while not over.is_set():
            try:
                connection = trail.database.app()
                connection.autocommit = False
                while not over.is_set():
                    done += link(siege, connection)
                    connection.commit()
                connection.close()
            except psycopg2.Error:
                pass
        return done

    def kill():
        killed = 0
        while not over.is_set():
            time.sleep(0.05)
            killed += len(trail.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%%audit_link%%' AND pid <> pg_backend_pid()"
                                    " AND state <> 'idle' ORDER BY random() LIMIT 1"))
        return killed

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        linkers = [pool.submit(keep_linking) for _ in range(3)]
        killer = pool.submit(kill)
        for one in [pool.submit(write, n) for n in range(4)]:
            one.result()
        over.set()
        assert killer.result() > 0 and sum(one.result() for one in linkers) > 100
    report = trail.verify()
    linked = trail.linked()
    assert report["pending"] == 0 and len(linked) == len(set(linked)) and set(written) <= set(linked)
    assert len(written) > 200 and report["rows"] == len(linked) == len(trail.rows())


def test_one_transaction_with_very_many_rows_is_linked_step_by_step(trail, siege):
    trail.ask("INSERT INTO drm.audit_logs (tenant_id, id, action) SELECT %s, gen_random_uuid(), 'many' FROM generate_series(1, 5000)", trail.id)
    connection = trail.database.app()
    connection.autocommit = False
    steps = 0
    while link(siege, connection):
        connection.commit()
        steps += 1
        assert trail.ask("SELECT max(size) FROM drm.audit_chain WHERE tenant_id = %s", trail.id)[0][0] <= 64
    connection.close()
    assert steps >= 5000 // 64
    assert trail.verify()["rows"] >= 5000


def test_a_database_restored_on_a_younger_server_goes_on_with_its_chain(trail, siege):
    """Its transaction ids are behind those of the chain. Played by moving the chain's place ahead, as a restored dump would have it."""
    trail.fill()
    try:
        trail.ask("UPDATE sec.audit_state SET xid = (pg_current_xact_id()::text::bigint + 1000000)::text::xid8")
        trail.ask("INSERT INTO drm.audit_logs (tenant_id, id, action) VALUES (%s, gen_random_uuid(), 'before')", trail.id)
        done = trail.ctl.run("audit", "verify")
        assert done.returncode == 5 and "drmctl db migrate" in done.stderr, done.stderr
        trail.ctl.ok("db", "migrate")
        trail.ask("INSERT INTO drm.audit_logs (tenant_id, id, action) VALUES (%s, gen_random_uuid(), 'after')", trail.id)
        report = trail.verify()
        assert report["pending"] == 0 and report["rows"] == len(trail.rows())
        trail.ctl.ok("db", "migrate")  # again: nothing to do
        trail.fill(links=1)
        assert trail.ask("SELECT shift > 1000000 FROM sec.audit_state") == [(True,)]
    finally:
        trail.ctl.run("db", "migrate")


# ---- exports ----

@pytest.fixture
def exported(trail, tmp_path):
    trail.fill()
    trail.ask("INSERT INTO drm.audit_logs (tenant_id, id, action) VALUES (%s, gen_random_uuid(), 'pending')", trail.id)
    text = trail.ctl.ok("audit", "export").stdout
    path = tmp_path / "audit.jsonl"
    path.write_text(text)
    return trail, path, [line + "\n" for line in text.split("\n") if line]


def offline(trail, path, *options, code=0):
    done = trail.ctl.run("audit", "verify", "--file", str(path), "-o", "json", *options, clean=True, env={})
    assert done.returncode == code, (done.stdout, done.stderr)
    return json.loads(done.stdout) if done.stdout else done.stderr


def by_the_book(path):
    """The script of docs/audit.md."""
    script = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.S).group(1)
    return subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60, check=False)


def test_an_export_is_proved_without_a_database_and_without_drmgmt(exported):
    trail, path, lines = exported
    report = offline(trail, path)
    rows = [json.loads(line) for line in lines]
    assert report["intact"] and report["pending"] == 1 and report["rows"] == len(trail.linked())
    assert [row["id"] for row in rows if row["kind"] == "row" and row["seq"]] == trail.linked()
    done = by_the_book(path)
    assert done.returncode == 0 and done.stdout.strip() == report["head"], done.stderr
    assert offline(trail, path, "--head", report["head"])["intact"]
    assert offline(trail, path, "--head", report["head"][:-1] + ("0" if report["head"][-1] != "0" else "1"), code=1)["flaw"] == "head-lost"
    online = trail.verify("--head", report["head"])
    assert online["links"] == report["links"] + 1
    # What came since, as a file of its own.
    more = path.with_name("more.jsonl")
    more.write_text(trail.ctl.ok("audit", "export", "--after", str(report["links"])).stdout)
    assert offline(trail, more, "--head", report["head"])["head"] == online["head"] and by_the_book(more).returncode == 0
    assert trail.ctl.shell(f"{trail.ctl.program} audit export | {trail.ctl.program} audit verify --file -").returncode == 0


def test_what_was_done_to_an_export_is_named(exported):
    trail, path, lines = exported
    rows = [n for n, line in enumerate(lines) if '"kind":"row"' in line and '"seq":null' not in line]
    links = [n for n, line in enumerate(lines) if '"kind":"link"' in line]
    at = rows[-3]
    row, following = json.loads(lines[at]), json.loads(lines[at + 1])
    assert row["seq"] == following["seq"]
    forged = dict(row, id=str(uuid.uuid4()))

    def check(new, flaw, named=None, book=1):
        path.write_text("".join(new))
        report = offline(trail, path, code=1)
        assert report["flaw"] == flaw and (named is None or report["row_id"] == named), report
        assert by_the_book(path).returncode == book
    dump = lambda line: json.dumps(line, ensure_ascii=False) + "\n"  # noqa: E731
    check(lines[:at] + [dump({**row, "address": "203.0.113.9"})] + lines[at + 1:], "row-changed", row["id"])
    check(lines[:at] + [dump({**row, "detail": None})] + lines[at + 1:], "row-changed", row["id"])
    check(lines[:at] + lines[at + 1:], "row-missing", row["id"])
    check(lines[:at] + [lines[at + 1], lines[at]] + lines[at + 2:], "rows-reordered", following["id"])
    check(lines[:at] + [dump(forged)] + lines[at:], "row-inserted", forged["id"])
    loose = str(uuid.uuid4())
    check(lines[:at] + [dump({**row, "id": loose, "seq": None, "hash": None})] + lines[at:], "row-inserted", loose,
          book=0)  # the script leaves rows without a link alone: nothing is said about them
    check(lines[:at] + [dump({**row, "hash": row["hash"] + "00"})] + lines[at + 1:], "link-changed")
    check(lines[:links[1]] + lines[links[2]:], "link-missing")
    check(lines[:links[1]] + [lines[links[1]].replace('"size":', '"size":1')] + lines[links[1] + 1:], "link-changed")
    check(lines[:-1] + [lines[-1].replace('"head":"', '"head":"00')], "link-changed")
    check(lines[:links[-1]] + lines[-1:], "link-missing")


def test_what_is_no_export_is_refused(exported):
    trail, path, lines = exported

    def refuse(text, says):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        assert says in offline(trail, path, code=2)
    refuse("", "cut off")
    refuse("".join(lines[:-1]), "cut off")
    refuse("".join(lines[1:]), "begins with")
    refuse("".join(lines) + lines[-1], "nothing is expected after")
    refuse(lines[0].replace("audit-1", "audit-9") + "".join(lines[1:]), "format")
    refuse(lines[0] + "{}\n" + lines[-1], "of the kind")
    refuse(lines[0] + '{"kind":"link","seq":1,"ids":[1]}\n', "ids of rows")
    refuse(lines[0] + '{"kind":"row","seq":1}\n', "a row with its id")
    refuse(b"\x00\xff\n", "no line of an export")
    refuse("[" * 100000, "no line of an export")
    refuse(lines[0][:-2], "no line of an export")
    done = trail.ctl.run("audit", "verify", "--file", str(path) + ".none")
    assert done.returncode == 1 and "cannot be opened" in done.stderr
    assert trail.ctl.run("audit", "verify", "--file", str(path), "--all").returncode == 2


# ---- other tenants ----

def test_another_tenants_trail_is_not_there(trail, siege, tmp_path):
    trail.verify()
    done = trail.ctl.run("audit", "verify", "--tenant", siege.a.tenant)
    assert done.returncode == 3, done.stderr
    assert trail.rows("refused")[-1][4] == {"permission": "platform:audit", "call": "audit_head"}
    assert trail.ctl.run("audit", "verify", "--all").returncode == 3
    text = trail.ctl.ok("audit", "export").stdout + trail.ctl.ok("audit", "list", "-o", "json").stdout
    assert siege.a.tenant not in text and siege.a.word not in text


def test_the_platform_proves_all_chains_and_reads_none(trail, siege):
    user, key_id = str(uuid.uuid4()), uuid.uuid4()
    key = f"drm_{key_id.hex}_{secrets.token_urlsafe(32)}"
    nil = "00000000-0000-0000-0000-000000000000"
    trail.ask("INSERT INTO drm.users (tenant_id, id, email, role) VALUES (%s, %s, %s, 'administrator')", nil, user, user + "@example.net")
    trail.ask("INSERT INTO drm.api_keys (tenant_id, id, user_id, label, prefix, key_hash) VALUES (%s, %s, %s, 'v', 'v', sha256(convert_to(%s, 'UTF8')))",
              nil, str(key_id), user, key)
    ids = trail.fill()
    env = {"DRM_API_KEY": key}
    report = json.loads(trail.ctl.ok("audit", "verify", "--tenant", trail.id, "-o", "json", env=env).stdout)
    assert report["intact"] and report["tenant_id"] == trail.id and report["rows"] >= len(ids)
    assert trail.id not in trail.ctl.ok("audit", "list", "-o", "json", "--all", env=env).stdout
    assert ids[0] not in trail.ctl.ok("audit", "export", env=env).stdout
    trail.ask("UPDATE drm.audit_logs SET action = 'x' WHERE tenant_id = %s AND id = %s", trail.id, ids[2])
    done = trail.ctl.run("audit", "verify", "--all", "-o", "json", env=env)
    assert done.returncode == 1 and trail.id in done.stderr
    reports = {one["tenant_id"]: one for one in json.loads(done.stdout)}
    assert {nil, trail.id, siege.a.tenant} <= set(reports) and reports[siege.a.tenant]["intact"]
    assert (reports[trail.id]["flaw"], reports[trail.id]["row_id"]) == ("row-changed", ids[2])
    assert trail.ctl.run("audit", "verify", "--tenant", "x", env=env).returncode == 4
