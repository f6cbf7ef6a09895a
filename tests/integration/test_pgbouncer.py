"""PgBouncer in transaction mode between the programs and PostgreSQL: everything works, and two tenants that share two server
connections never see each other."""
import shutil
import threading
import time

import psycopg2
import pytest
from fixture_support import running
from http_support import Api, wait_until
from job_support import Tenant, ask, ended, make_device, submit, unique
from stack.client import Client
from stack.database import APP
from stack.fleet import Fleet
from stack.process import Process
from stack.programs import Drmd, Worker
from stack.servers import PgBouncer

SERVER_CONNECTIONS = 2


class Pooled:
    """PostgreSQL, Redis, PgBouncer; drmd and drm-worker that know PostgreSQL by the pooler's address only."""

    def __init__(self, build):
        self.build = build
        self.fleet = Fleet(build, postgres=True, redis=True, migrated=True)
        self.bouncer = self.drmd = self.worker = None

    def start(self):
        fleet = self.fleet.__enter__()
        self.bouncer = PgBouncer(fleet.folder / "pgbouncer", fleet.log / "pgbouncer.log", fleet.postgres, {APP: fleet.passwords[APP]},
                                 pool_size=SERVER_CONNECTIONS)
        self.bouncer.start()
        self.env = {**fleet.env, "DRM_APP_DATABASE_URL": self.bouncer.url(APP)}
        self.drmd = Drmd(self.build, fleet.log / "drmd.log", self.env, fleet.folder)
        self.worker = Worker(self.build, fleet.log / "drm-worker.log", self.env, fleet.folder)
        self.drmd.start()
        self.worker.start()
        self.url = self.drmd.url

    def restart_bouncer(self):
        """On the same port, as an operator would."""
        self.bouncer.stop()
        Process.start(self.bouncer)

    def stop(self):
        for process in (self.drmd, self.worker, self.bouncer):
            if process:
                process.stop()
        self.fleet.stop()
        shutil.rmtree(self.fleet.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def pooled(build):
    with running(Pooled(build)) as made:
        yield made


@pytest.fixture(scope="module")
def tenants(pooled):
    return [Tenant(pooled.build, pooled.env, pooled.url) for _ in range(2)]


def test_the_pooler_is_noticed(pooled):
    ready = Api(pooled.url).get("/readyz")
    assert ready.status == 200 and ready.json()["pooler"] is True
    addresses = ask(pooled.env, "SELECT DISTINCT application_name FROM pg_stat_activity WHERE usename = 'drm_app'")
    assert addresses, "its server connections are there"


def test_a_round_trip(pooled, tenants):
    api = tenants[0].api()
    device = make_device(api)
    client = Client(pooled.url)
    client.headers = api.headers
    job = submit(api, device, "progress", {"ms": 1500, "steps": 3}, key=unique("key"))
    events = list(client.events(f"/api/v1/jobs/{job}/events"))
    assert events[-1][0] == "done" and events[-1][1]["status"] == "completed"
    key = api.post("/api/v1/api-keys", {"label": "pooled"}).json()["key"]
    by_key = Api(pooled.url, key=key)
    assert ended(by_key, submit(by_key, device, "write", {"value": 7}))["result"] == {"written": 7}
    assert api.call("PATCH", "/api/v1/devices/" + device, {"name": unique("renamed")}).status == 200
    sleeping = submit(api, device, "sleep", {"ms": 20000})
    assert api.post(f"/api/v1/jobs/{sleeping}/cancel").status == 200
    assert ended(api, sleeping)["status"] == "cancelled"
    assert api.call("DELETE", "/api/v1/devices/" + device).status == 204


def test_statement_settings_do_not_stay_on_a_server_connection(pooled, tenants):
    """What a transaction sets must be gone for whoever gets the connection next."""
    tenants[0].api().get("/api/v1/devices")
    with psycopg2.connect(pooled.env["DRM_APP_DATABASE_URL"]) as attacker:
        for _ in range(8):
            cursor = attacker.cursor()
            cursor.execute("SELECT current_setting('drm.seal', true), current_setting('statement_timeout'), count(*) FROM drm.devices")
            seal, timeout, count = cursor.fetchone()
            assert not seal and timeout == "0" and count == 0
            attacker.rollback()


class Traffic(threading.Thread):
    """One client of one tenant: writes, reads, and looks whether all it sees is its own."""

    def __init__(self, tenant, rounds=None):
        super().__init__()
        self.tenant, self.rounds = tenant, rounds
        self.mark = unique(tenant.name)
        self.api = tenant.api()
        self.done, self.unavailable, self.wrong = 0, 0, []
        self.halt = threading.Event()

    def run(self):
        try:
            while not self.halt.is_set() and (self.rounds is None or self.done < self.rounds):
                self.once(self.api)
        except Exception as error:  # noqa: BLE001 - reported by the test's own thread
            self.wrong.append(repr(error))

    def once(self, api):
        name = f"{self.mark}-{self.done}-{self.unavailable}"
        made = self.asked(api.post("/api/v1/devices", {"name": name, "profiles": [{"protocol": "fake"}]}), 201)
        listed = self.asked(api.get("/api/v1/devices?limit=200&sort=-id"), 200)
        for device in (listed or {"items": []})["items"]:
            if not device["name"].startswith(self.tenant.name):
                self.wrong.append(device["name"])
        if made:
            got = self.asked(api.get("/api/v1/devices/" + made["id"]), 200)
            if got and got["name"] != name:
                self.wrong.append(got)
            self.asked(api.post("/api/v1/jobs", {"device_id": made["id"], "protocol": "fake", "operation": "echo",
                                                 "params": {"of": self.tenant.name}}), 202)
        self.done += 1

    def asked(self, answer, status):
        if answer.status == 503:
            self.unavailable += 1
            time.sleep(0.05)
            return None
        if answer.status != status:
            self.wrong.append(answer)
        return answer.json()


def start_traffic(tenants, threads, rounds=None):
    clients = [Traffic(tenant, rounds) for tenant in tenants for _ in range(threads)]
    for client in clients:
        client.start()
    return clients


def check_jobs(pooled, tenants):
    """Every job that was taken has ended, under its own tenant."""
    wait_until(lambda: ask(pooled.env, "SELECT count(*) FROM drm.jobs") == [(0,)], 60)
    for tenant in tenants:
        rows = ask(pooled.env, "SELECT DISTINCT result->>'of', status FROM drm.job_results WHERE tenant_id = %s AND operation = 'echo'",
                   (tenant.id,))
        assert rows == [(tenant.name, "completed")]


def test_two_tenants_over_two_connections_never_mix(pooled, tenants):
    clients = start_traffic(tenants, 8, rounds=25)
    most = 0
    while any(client.is_alive() for client in clients):
        most = max(most, ask(pooled.env, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'drm_app'")[0][0])
        time.sleep(0.1)
    for client in clients:
        client.join()
        assert client.wrong == [] and client.done == 25 and client.unavailable == 0
    assert 1 <= most <= SERVER_CONNECTIONS
    names = ask(pooled.env, "SELECT t.name, count(*) FILTER (WHERE d.name LIKE t.name || '%%'), count(*) FROM drm.devices d"
                            " JOIN drm.tenants t USING (tenant_id) GROUP BY 1", ())
    assert all(own == total for name, own, total in names if name in {t.name for t in tenants} and total) and len(names) >= 2
    check_jobs(pooled, tenants)


def test_another_tenants_leftovers_on_the_shared_connection(pooled, tenants):
    """An attacker with the log-in sits on the same server connections and leaves what it can. (What only makes statements fail, as
    row_security = off does, refuses service and shows nothing; whoever has the log-in can do that by other means, too.)"""
    api = tenants[0].api()
    made = api.post("/api/v1/devices", {"name": tenants[0].name + "-left", "profiles": [{"protocol": "fake"}]})
    device = made.json()["id"]
    with psycopg2.connect(pooled.env["DRM_APP_DATABASE_URL"]) as attacker:
        for sql in ("SELECT set_config('drm.seal', 'garbage', false)", "SET search_path = drm, sec",
                    "SET timezone = 'Pacific/Apia'", "SET datestyle = 'German'",
                    "PREPARE enter_user (text, int) AS SELECT 1", "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM drm.devices"):
            for _ in range(SERVER_CONNECTIONS * 2):
                leave(attacker, sql)
            answer = api.get("/api/v1/devices/" + device)
            assert answer.status == 200 and answer.json()["id"] == device, sql
            assert answer.json()["created_at"].endswith("Z"), sql
    job = ended(api, submit(api, device, "echo", {"of": tenants[0].name}))
    assert job["status"] == "completed"
    pooled.restart_bouncer()
    wait_until(lambda: Api(pooled.url).get("/readyz").status == 200, 15)


def leave(attacker, sql):
    cursor = attacker.cursor()
    try:
        cursor.execute(sql)
        attacker.commit()
    except psycopg2.Error:
        attacker.rollback()


def test_restarted_in_the_middle(pooled, tenants):
    clients = start_traffic(tenants, 4)
    wait_until(lambda: all(client.done >= 3 for client in clients), 30)
    for _ in range(2):
        pooled.restart_bouncer()
        before = [client.done for client in clients]
        wait_until(lambda: all(now.done > then + 3 for now, then in zip(clients, before)), 30)
    for client in clients:
        client.halt.set()
        client.join()
        assert client.wrong == [], client.wrong[:3]
    check_jobs(pooled, tenants)
    ready = Api(pooled.url).get("/readyz").json()
    assert ready["pooler"] is True and ready["database"] is True
