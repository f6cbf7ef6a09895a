"""`stack exec` and the private servers under it: ready when told so, gone afterwards, and not fooled by what lies about."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import types

import psycopg2
import pytest
from http_support import ROOT, wait_until
from stack import conninfo, demo, snmp
from stack.client import parse_events
from stack.failure import Failure
from stack.fleet import Fleet
from stack.ports import free_port
from stack.process import clean_environment, start_time
from stack.servers import PgBouncer


def stack_exec(*words, **more):
    return subprocess.run(["/usr/bin/python3", "-P", "-m", "stack", "exec", *words], text=True, capture_output=True, timeout=120,
                          check=False, env=clean_environment(PYTHONPATH=str(ROOT / "scripts"), PYTHONDONTWRITEBYTECODE="1"), **more)


def test_exec_names_the_servers_and_takes_them_away():
    done = stack_exec("--postgres", "--redis", "--snmpd", "--", "sh", "-c", "env; exit 7")
    assert done.returncode == 7, done.stderr
    env = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("DRM_"))
    assert set(env) >= {"DRM_ADMIN_DATABASE_URL", "DRM_APP_DATABASE_URL", "DRM_DATABASE_URL", "DRM_REDIS_URL", "DRM_SNMP_ADDRESS",
                        "DRM_SNMP_COMMUNITY"}
    assert not pathlib.Path(env["DRM_KEYRING"]).parent.exists()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(env["DRM_ADMIN_DATABASE_URL"])


def test_exec_starts_only_what_is_asked_for():
    done = stack_exec("--redis", "--", "env")
    names = {line.split("=", 1)[0] for line in done.stdout.splitlines() if line.startswith("DRM_")}
    assert names == {"DRM_REDIS_URL"}


def test_exec_with_the_whole_stack(build):
    done = stack_exec("--stack", "--build", str(build), "--", "sh", "-c", "env; \"$0\" -o csv device list", str(build / "drmctl" / "drmctl"))
    assert done.returncode == 0 and "demo-agent" in done.stdout, done.stdout + done.stderr
    env = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("DRM_"))
    assert start_time(int(env["DRM_PID_WORKER"])) is None and not pathlib.Path(env["DRM_STATE"]).exists()


def test_exec_tells_a_death_by_signal():
    assert stack_exec("--redis", "--", "sh", "-c", "kill -9 $$").returncode == 128 + 9


def test_exec_of_a_command_that_is_not_there():
    done = stack_exec("--redis", "--", "/nonexistent/command")
    assert done.returncode == 127 and "/nonexistent/command" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_exec_that_is_ended_takes_its_servers_along(number):
    process = subprocess.Popen(["/usr/bin/python3", "-P", "-m", "stack", "exec", "--redis", "--", "sh", "-c", "echo $DRM_REDIS_URL; sleep 300"],
                               stdout=subprocess.PIPE, text=True,
                               env=clean_environment(PYTHONPATH=str(ROOT / "scripts"), PYTHONDONTWRITEBYTECODE="1"))
    path = process.stdout.readline().strip().removeprefix("unix://")
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
    process.send_signal(number)
    process.wait(30)

    def silent():
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(path) != 0
    wait_until(silent, 30)
    process.stdout.close()
    folder = pathlib.Path(path).parents[1]
    assert folder.exists() == (number == signal.SIGKILL), "only what nobody was left to take away stays"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def fleet(build):
    with Fleet(build, postgres=True, redis=True, snmpd=True) as made:
        yield made


def value(fleet, sql):
    connection = psycopg2.connect(fleet.postgres.url())
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        found = cursor.fetchone()[0] if cursor.description else None
    connection.close()
    return found


@pytest.mark.parametrize("how", ["immediate", "fast", signal.SIGKILL])
def test_postgres_comes_back_at_the_same_address_with_what_was_committed(fleet, how):
    value(fleet, "CREATE TABLE IF NOT EXISTS kept (n int)")
    before = value(fleet, "SELECT count(*) FROM kept")
    port = fleet.postgres.port
    value(fleet, "INSERT INTO kept VALUES (1)")
    fleet.postgres.stop(how)
    fleet.postgres.start()
    assert fleet.postgres.port == port
    assert value(fleet, "SELECT count(*) FROM kept") == before + 1


def test_postgres_starts_over_the_lock_file_of_another_life(fleet):
    """After a restart of a container the id in postmaster.pid is some other process's."""
    fleet.postgres.stop()
    bystander = subprocess.Popen(["sleep", "300"])
    try:
        (fleet.postgres.data / "postmaster.pid").write_text(f"{bystander.pid}\n{fleet.postgres.data}\n1\n1\n\n\n\nready\n")
        fleet.postgres.start()
        assert value(fleet, "SELECT 1") == 1 and bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_postgres_listens_to_passwords_only(fleet):
    wrong = fleet.postgres.url(password="wrong")
    for url in (wrong, conninfo.replace(wrong, "postgres", "wrong"), f"postgresql://postgres:wrong@127.0.0.1:{fleet.postgres.port}/drmgmt"):
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(url)


def test_a_server_that_cannot_start_shows_its_log(fleet):
    with Fleet(fleet.build, redis=True) as broken:
        broken.redis.stop()
        broken.redis.argv = lambda: ["redis-server", "/nonexistent/redis.conf"]
        with pytest.raises(Failure) as caught:
            broken.redis.start()
    assert "ended with exit code" in str(caught.value) and "/nonexistent/redis.conf" in caught.value.explain()


def test_redis_answers(fleet):
    assert fleet.redis.command("SET", "key", "a value") == "+OK"
    assert fleet.redis.command("GET", "key") == "a value"
    assert fleet.redis.command("NONSENSE").startswith("-ERR")


def test_pgbouncer_in_between(fleet, tmp_path_factory):
    pooler = PgBouncer(fleet.folder / "pgbouncer", fleet.log / "pgbouncer.log", fleet.postgres, {"drm_app": fleet.passwords["drm_app"]})
    pooler.start()
    try:
        connection = psycopg2.connect(pooler.url("drm_app"))
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone()[0] == "drm_app"
        connection.close()
    finally:
        pid = pooler.pid
        assert pooler.stop()
    assert start_time(pid) is None


def test_agent_answers_its_community_only(fleet):
    assert snmp.sys_descr(fleet.snmpd.port, fleet.snmpd.community) == fleet.snmpd.description
    assert snmp.sys_descr(fleet.snmpd.port, "public") is None
    assert snmp.sys_descr(free_port(kind=socket.SOCK_DGRAM), "public") is None


@pytest.mark.parametrize("answer", [b"", b"0", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x02\x01\x01", bytes(range(256)), b"\x30" * 1400])
def test_an_answer_that_is_no_agents(answer):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))

        def reply():
            _, peer = s.recvfrom(2000)
            s.sendto(answer, peer)
        thread = threading.Thread(target=reply)
        thread.start()
        assert snmp.sys_descr(s.getsockname()[1], "public", timeout=5) is None
        thread.join()


@pytest.mark.parametrize("job, said", [
    ({"status": "failed", "error": {"code": "timeout"}, "result": None}, "ended as failed"),
    ({"status": "completed", "result": {"varbinds": [{"value": "another agent"}]}}, "is not what the agent says"),
    ({"status": "completed", "result": None}, "is not what the agent says"),
])
def test_a_result_that_is_not_the_agents_is_no_success(fleet, job, said):
    stack = types.SimpleNamespace(snmpd=fleet.snmpd, worker=types.SimpleNamespace(log=os.devnull))
    with pytest.raises(Failure, match=said):
        demo.confirm(stack, job)
    assert demo.confirm(stack, {"status": "completed", "result": [{"value": fleet.snmpd.description}]}) == fleet.snmpd.description


def test_ports_move_on_when_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


@pytest.mark.parametrize("url, parts", [
    ("postgresql://u:p%40ss@h:1/d?sslmode=require", {"user": "u", "password": "p@ss", "host": "h", "port": "1", "dbname": "d", "sslmode": "require"}),
    ("postgres://u@[::1]:5/d", {"user": "u", "host": "::1", "port": "5", "dbname": "d"}),
    ("postgresql://u@[::1]/d", {"user": "u", "host": "::1", "dbname": "d"}),
    ("postgresql://u:p@/d?host=/a/b&port=7", {"user": "u", "password": "p", "host": "/a/b", "port": "7", "dbname": "d"}),
    ("postgresql://u@a:1,b:2/d", {"user": "u", "host": "a,b", "port": "1,2", "dbname": "d"}),
    ("postgresql://u@%2Fa%2Fb/d", {"user": "u", "host": "/a/b", "dbname": "d"}),
])
def test_database_urls(url, parts):
    assert conninfo.parts(url) == parts
    changed = conninfo.parts(conninfo.replace(url, "new", "p/w"))
    assert changed == {**parts, "user": "new", "password": "p/w"}


@pytest.mark.parametrize("url", ["", "host=h dbname=d", "http://h/d", "postgresql://h/d?colour=red"])
def test_database_urls_that_are_none(url):
    with pytest.raises(Failure):
        conninfo.parts(url)


def test_event_stream():
    text = (b"retry: 1\n", b"\n", b": beat\n", b"event: update\r\n", b'data: {"a":\r\n', b"data: 1}\r\n", b"\r\n", b"event: done\n", b"data:2\n",
            b"\n", b"data: 3\n")
    assert list(parse_events(text)) == [("update", {"a": 1}), ("done", 2)], "what is not finished by an empty line is no event"
    with pytest.raises(json.JSONDecodeError):
        list(parse_events([b"data: {\n", b"\n"]))
