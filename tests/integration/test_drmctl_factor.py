"""drmctl second-factor, login --second-factor and tenant settings."""
import json
import secrets

import pytest
from drmctl_support import Ctl, Terminal
from factor_support import Authenticator, forget_used_codes, settle


@pytest.fixture
def ctl(database, tmp_path):
    """Logged in as the administrator of a tenant of the test's own."""
    made = Ctl(database, tmp_path)
    made.new_tenant()
    return made


def log_in(ctl, *more):
    return ctl.run("login", "--email", ctl.env["DRM_EMAIL"], "--password-file", "-", *more, input=ctl.env["DRM_PASSWORD"])


def status(ctl):
    return ctl.json("second-factor", "status")


def enroll(ctl):
    settle()
    authenticator = Authenticator(ctl.json("second-factor", "enroll")["secret"])
    codes = [row["recovery_code"] for row in ctl.json("second-factor", "confirm", authenticator.code())]
    forget_used_codes(ctl.env, ctl.env["DRM_EMAIL"])
    return authenticator, codes


def test_enrolment_and_log_in(ctl):
    assert status(ctl) == {"enabled": False, "required": False, "pending": False, "recovery_codes_left": 0}
    shown = ctl.ok("second-factor", "enroll")
    assert "otpauth://totp/" in shown.stdout and "shown this once" in shown.stderr and "second-factor confirm" in shown.stderr
    assert status(ctl)["pending"]
    refused = ctl.run("second-factor", "confirm", "000000x")
    assert refused.returncode == 3 and "not the one of this moment" in refused.stderr
    authenticator, codes = enroll(ctl)
    assert len(codes) == 10 and status(ctl)["recovery_codes_left"] == 10

    without = log_in(ctl)
    assert without.returncode == 3 and "drmctl login --second-factor CODE" in without.stderr
    wrong = log_in(ctl, "--second-factor", authenticator.wrong())
    assert wrong.returncode == 3 and "wrong" in wrong.stderr
    code = authenticator.code()
    assert log_in(ctl, "--second-factor", code).returncode == 0
    again = log_in(ctl, "--second-factor", code)
    assert again.returncode == 3 and "used before" in again.stderr
    assert log_in(ctl, "--second-factor", codes[0]).returncode == 0
    assert status(ctl)["recovery_codes_left"] == 9
    assert ctl.run("login", "--api-key-file", "-", "--second-factor", "1", input="x").returncode == 2


def test_a_terminal_is_asked_for_the_code(ctl, tmp_path):
    authenticator, codes = enroll(ctl)
    password = tmp_path / "password"
    password.write_text(ctl.env["DRM_PASSWORD"])
    with Terminal(ctl, "login", "--email", ctl.env["DRM_EMAIL"], "--password-file", str(password)) as terminal:
        terminal.until("Code of your authenticator, or a recovery code: ")
        terminal.send(authenticator.code() + "\n")
        assert terminal.wait() == 0, terminal.seen
        assert authenticator.code() not in terminal.seen
    with Terminal(ctl, "second-factor", "enroll") as terminal:
        terminal.until("Code of your present authenticator, or a recovery code: ")
        terminal.send(codes[0] + "\n")
        assert terminal.wait() == 0 and "otpauth://totp/" in terminal.seen, terminal.seen
    with Terminal(ctl, "second-factor", "disable") as terminal:
        terminal.until("Code of your authenticator, or a recovery code: ")
        terminal.send(codes[1] + "\n")
        assert terminal.wait() == 0, terminal.seen
    assert status(ctl)["enabled"] is False


def test_without_a_terminal_a_code_must_be_given(ctl):
    authenticator, codes = enroll(ctl)
    for words in (["enroll"], ["confirm"], ["recovery-codes"], ["disable"]):
        done = ctl.run("second-factor", *words)
        assert done.returncode == 2 and "no terminal to ask" in done.stderr, done
    fresh = ctl.ok("second-factor", "recovery-codes", "--code", authenticator.code())
    assert "each is good once" in fresh.stderr
    renewed = fresh.stdout.split()[1:]
    assert len(renewed) == 10
    assert ctl.run("second-factor", "disable", "--code", codes[0]).returncode == 3
    assert ctl.ok("second-factor", "disable", "--code", renewed[0]).stdout.startswith("Disabled")
    assert log_in(ctl).returncode == 0


def test_a_tenant_requires_it(ctl):
    shown = ctl.json("tenant", "settings")
    assert shown["name"] == ctl.env["DRM_TENANT"] and shown["require_second_factor"] is False
    assert ctl.run("tenant", "settings", "--require-second-factor", "maybe").returncode == 2
    assert ctl.json("tenant", "settings", "--require-second-factor", "true")["require_second_factor"] is True
    held = ctl.run("device", "list")
    assert held.returncode == 3 and "requires a second factor" in held.stderr and "drmctl second-factor enroll" in held.stderr
    _, codes = enroll(ctl)
    assert ctl.json("device", "list")["items"] == []
    refused = ctl.run("second-factor", "disable", "--code", codes[0])
    assert refused.returncode == 5 and "requires a second factor" in refused.stderr


def test_an_administrator_resets_a_user(ctl, database, tmp_path):
    lost = Ctl(database, tmp_path / "lost")
    lost.env.update(DRM_EMAIL=f"{secrets.token_hex(4)}@example.net", DRM_PASSWORD=ctl.env["DRM_PASSWORD"])
    with database.admin() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO drm.users (tenant_id, id, email, password_hash, role) SELECT tenant_id, gen_random_uuid(), %s, password_hash,"
                       " 'viewer' FROM drm.users WHERE email = %s RETURNING id::text", (lost.env["DRM_EMAIL"], ctl.env["DRM_EMAIL"]))
        user = cursor.fetchone()[0]
    assert log_in(lost).returncode == 0
    enroll(lost)
    assert log_in(lost).returncode == 3
    assert lost.run("second-factor", "reset", user, "--yes").returncode == 3
    assert json.loads(ctl.ok("second-factor", "reset", user, "--yes", "-o", "json").stdout) == [{"reset": user}]
    assert log_in(lost).returncode == 0
    assert ctl.run("second-factor", "reset", user, "--yes").returncode == 4
