"""drmctl user, role, invitation, password, switch and logout --everywhere, against a database of their own."""
import secrets

import pytest
from drmctl_support import Ctl, Terminal


@pytest.fixture
def ctl(database, tmp_path):
    made = Ctl(database, tmp_path)
    made.new_tenant()
    return made


@pytest.fixture
def second(database, tmp_path):
    """Another host's drmctl, not logged in."""
    (tmp_path / "second").mkdir()
    return Ctl(database, tmp_path / "second")


def address():
    return f"{secrets.token_hex(5)}@example.net"


def log_in(ctl, email, password, *more):
    return ctl.run("login", "--email", email, "--password-file", "-", *more, input=password)


def test_users(ctl, second):
    email = address()
    made = ctl.json("user", "create", email, "--role", "operator", "--password-file", "-", input="correct horse battery")
    assert made["email"] == email and made["role"] == "operator" and made["password"] == {"set": True}
    assert ctl.json("user", "show", email)["id"] == made["id"]
    assert [u["email"] for u in ctl.json("user", "list", "--role", "operator")["items"]] == [email]
    assert log_in(second, email, "correct horse battery").returncode == 0
    assert second.run("user", "list").returncode == 3
    assert ctl.ok("user", "logout", email, "--yes").stdout.split() == ["LOGGED_OUT", email]
    assert second.run("whoami").returncode == 3
    assert ctl.json("user", "update", email, "--active", "false", "--role", "none")["active"] is False
    assert log_in(second, email, "correct horse battery").returncode == 3
    assert ctl.run("user", "update", email, "--role", "viewer", "--if-version", "1").returncode == 5
    for wrong in (("update", email), ("update", email, "--active", "maybe"), ("create", email), ("update", email, "--role", "root"),
                  ("create", "nobody", "--password-file", "-")):
        assert ctl.run("user", *wrong, input="correct horse battery").returncode == 2, wrong
    assert ctl.run("user", "show", "nobody@example.net").returncode == 4
    assert ctl.run("user", "create", email, "--password-file", "-", input="correct horse battery").returncode == 5
    assert ctl.run("user", "delete", ctl.env["DRM_EMAIL"], "--yes").returncode == 5
    assert ctl.ok("user", "delete", email, "--yes").returncode == 0
    assert ctl.run("user", "show", email).returncode == 4


def test_invitations(ctl, second, tmp_path):
    email = address()
    done = ctl.ok("user", "invite", email, "--role", "viewer")
    assert "shown this once" in done.stderr and "drmi_" in done.stdout
    token = ctl.json("user", "reset-password", email)["invitation"]
    (tmp_path / "invitation").write_text(token + "\n")
    (tmp_path / "password").write_text("correct horse battery\n")
    accept = ("invitation", "accept", str(tmp_path / "invitation"), "--password-file")
    assert second.run(*accept, "-", input="short").returncode == 2
    assert "Logged in" in second.ok(*accept, str(tmp_path / "password")).stdout
    assert second.json("whoami")["email"] == email
    assert second.run(*accept, str(tmp_path / "password")).returncode == 3
    reset = ctl.json("user", "reset-password", email, "--password-file", "-", input="another long password")
    assert reset["email"] == email and second.run("whoami").returncode == 3
    assert log_in(second, email, "another long password").returncode == 0


def test_roles(ctl, second):
    email, name = address(), "Wächter " + secrets.token_hex(3)
    ctl.ok("user", "create", email, "--password-file", "-", input="correct horse battery")
    assert log_in(second, email, "correct horse battery").returncode == 0
    role = ctl.json("role", "create", name, "--permission", "device:read", "--permission", "job:read", "--description", "for people")
    assert role["permissions"] == ["device:read", "job:read"]
    assert ctl.json("role", "show", name)["id"] == role["id"] and [r["name"] for r in ctl.json("role", "list")["items"]] == [name]
    ctl.ok("device", "create", "here", "--tag", "site=berlin", "--tag", "rack=1")
    ctl.ok("device", "create", "there", "--tag", "site=munich")
    given = ctl.json("role", "assign", email, name, "--selector", "site=berlin", "--selector", "rack=1")
    assert given["selector"] == ["rack=1", "site=berlin"] and given["role"] == name
    assert [d["name"] for d in second.json("device", "list")["items"]] == ["here"]
    assert second.run("device", "update", "here", "--description", "x").returncode == 3
    ctl.ok("role", "assign", email, "operator", "--selector", "site=berlin")
    assert second.run("device", "update", "here", "--tag", "site=munich").returncode == 3
    assert second.run("device", "show", "there").returncode == 4
    assert len(ctl.json("role", "assignments", "--user-id", given["user_id"])["items"]) == 2
    assert ctl.run("role", "delete", name, "--yes").returncode == 5
    assert ctl.run("role", "withdraw", email, name).returncode == 4
    assert ctl.ok("role", "withdraw", email, name, "--selector", "rack=1", "--selector", "site=berlin", "--selector", "rack=1")
    assert ctl.ok("role", "withdraw", email, "operator", "--selector", "site=berlin")
    assert second.run("device", "list").returncode == 3
    assert ctl.json("role", "update", name, "--permission", "", "--name", name + "!")["permissions"] == []
    assert ctl.run("role", "update", name + "!", "--permission", "device:fly").returncode == 2
    assert ctl.run("role", "create", "x").returncode == 2
    assert ctl.run("role", "assign", email, "nothing").returncode == 4
    assert ctl.ok("role", "delete", name + "!", "--yes")


def test_ones_own_password(ctl, second, tmp_path):
    assert log_in(second, ctl.env["DRM_EMAIL"], ctl.env["DRM_PASSWORD"]).returncode == 0
    (tmp_path / "old").write_text(ctl.env["DRM_PASSWORD"])
    change = ("password", "--old-password-file", str(tmp_path / "old"), "--new-password-file", "-")
    assert ctl.run(*change, input="short").returncode == 2
    assert ctl.run("password", "--old-password-file", "-", "--new-password-file", "-", input="x").returncode == 2
    assert ctl.run("password", "--old-password-file", "-", input="x").returncode == 2
    assert "is changed" in ctl.ok(*change, input="correct horse battery").stdout
    assert ctl.ok("whoami") and second.run("whoami").returncode == 3
    assert ctl.run(*change, input="another long password").returncode == 2
    with Terminal(ctl, "password") as terminal:
        terminal.until("Old password: ")
        terminal.send("correct horse battery\n")
        terminal.until("New password: ")
        terminal.send("once more a long one\n")
        assert terminal.wait() == 0
        assert "once more" not in terminal.seen
    assert log_in(second, ctl.env["DRM_EMAIL"], "once more a long one").returncode == 0


def test_log_out_everywhere(ctl, second):
    assert log_in(second, ctl.env["DRM_EMAIL"], ctl.env["DRM_PASSWORD"]).returncode == 0
    ctl.ok("logout", "--everywhere")
    assert not ctl.session.exists() and second.run("whoami").returncode == 3


def test_another_tenant(database, ctl, second, tmp_path):
    """The administrator of one is invited into the other, and goes back and forth."""
    second.new_tenant()
    (tmp_path / "invitation").write_text(second.json("user", "invite", ctl.env["DRM_EMAIL"], "--role", "viewer")["invitation"])
    assert len(ctl.json("switch")) == 1
    tenants = ctl.json("invitation", "link", str(tmp_path / "invitation"))
    assert {t["tenant"]: t["current"] for t in tenants} == {ctl.env["DRM_TENANT"]: True, second.env["DRM_TENANT"]: False}
    assert ctl.run("invitation", "link", str(tmp_path / "invitation")).returncode == 4
    before = ctl.read_session()
    assert second.env["DRM_TENANT"] in ctl.ok("switch", second.env["DRM_TENANT"]).stdout
    assert ctl.json("whoami")["tenant"] == second.env["DRM_TENANT"] and ctl.json("whoami")["role"] == "viewer"
    assert ctl.run("switch", "nowhere").returncode == 4 and ctl.json("whoami")["role"] == "viewer"
    ctl.ok("switch", ctl.env["DRM_TENANT"])
    assert ctl.json("whoami")["role"] == "administrator"
    ctl.write_session(before)
    assert ctl.run("switch", second.env["DRM_TENANT"]).returncode == 3
    several = log_in(ctl, ctl.env["DRM_EMAIL"], ctl.env["DRM_PASSWORD"])
    assert several.returncode == 5 and second.env["DRM_TENANT"] in several.stderr
    ctl.ok("logout")
    assert ctl.run("switch", "x").returncode == 3
