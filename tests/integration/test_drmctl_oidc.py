"""drmctl oidc-provider, and drmctl login --oidc through a browser of the test's own against its own issuer."""
import contextlib
import os
import re
import secrets
import socket
import subprocess
import urllib.parse

import pytest
from drmctl_support import Ctl
from http_support import wait_until
from oidc_support import CLIENT, Issuer, fetch, with_query

from stack.process import clean_environment


@pytest.fixture
def ctl(database, tmp_path):
    made = Ctl(database, tmp_path)
    made.new_tenant("--outbound-allow", "127.0.0.0/8:1-65535/tcp")
    return made


@pytest.fixture
def issuer(ctl):
    with Issuer() as made:
        made.email = ctl.env["DRM_EMAIL"]
        yield made


@pytest.fixture
def provider(ctl, issuer):
    return ctl.json("oidc-provider", "create", f"p{secrets.token_hex(4)}", "--issuer", issuer.url, "--client-id", CLIENT,
                    "--client-secret-file", "-", "--redirect-uri", "https://drm.example.net/x", "--link-by-email", "true",
                    input=issuer.secret + "\n")


class LogIn:
    """drmctl login --oidc, waiting for its browser."""

    def __init__(self, ctl, *flags, tenant=None):
        self.process = subprocess.Popen([ctl.program, "login", "--tenant", tenant or ctl.env["DRM_TENANT"], "--no-browser", *flags],
                                        env=clean_environment(**ctl.env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.url = None

    def __enter__(self):
        assert "in a browser on this machine" in self.process.stdout.readline()
        self.url = self.process.stdout.readline().strip()
        self.redirect = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query))["redirect_uri"]
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()

    def ended(self):
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


def test_log_in(ctl, issuer, provider):
    ctl.ok("logout")
    with LogIn(ctl, "--oidc", provider["name"]) as login:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", login.redirect)
        page = fetch(fetch(login.url).headers["location"])
        assert page.status == 200 and b"close this page" in page.body
        code, out, err = login.ended()
        assert (code, err) == (0, "") and "Logged in" in out
    who = ctl.json("whoami")
    assert (who["email"], who["tenant"]) == (ctl.env["DRM_EMAIL"], ctl.env["DRM_TENANT"])


def test_what_else_comes_to_the_listener(ctl, issuer, provider):
    """An icon's request, a wrong state, a slow neighbour, garbage: the log-in waits for its own answer."""
    with LogIn(ctl, "--oidc", provider["name"]) as login:
        parts = urllib.parse.urlsplit(login.redirect)
        answer = fetch(login.url).headers["location"]
        for url in (f"http://{parts.netloc}/favicon.ico", login.redirect, with_query(answer, state="x"), login.redirect + "x?" + answer.split("?")[1],
                    answer + "&state=y", answer.replace("code=", "code=%zz")):
            assert fetch(url).status == 404, url
        for data in (b"", b"\0\xff\r\n\r\n", b"GET", b"A" * 20000):
            with contextlib.suppress(OSError), socket.create_connection((parts.hostname, parts.port), 10) as raw:
                raw.sendall(data)
                raw.shutdown(socket.SHUT_WR)
                raw.recv(100)
        assert login.process.poll() is None
        assert fetch(answer).status == 200
        assert login.ended()[0] == 0


@pytest.mark.parametrize("change,words", [({"code": None, "error": "access_denied"}, "access_denied"), ({"iss": "https://evil.example"}, "(iss)"),
                                          ({"code": "made-up"}, "invalid_grant")])
def test_log_ins_that_fail(ctl, issuer, provider, change, words):
    ctl.ok("logout")
    with LogIn(ctl, "--oidc", provider["name"]) as login:
        fetch(with_query(fetch(login.url).headers["location"], **change))
        code, _, err = login.ended()
    assert code == 3 and words in err
    assert ctl.run("whoami").returncode == 3


def test_what_cannot_be_logged_in_by(ctl, issuer, provider, database, tmp_path):
    def refused(code, words, *argv, **more):
        done = ctl.run("login", *argv, **more)
        assert done.returncode == code and words in done.stderr, done
    tenant = ctl.env["DRM_TENANT"]
    refused(4, "no such log-in", "--oidc", "nothing", "--tenant", tenant)
    other = Ctl(database, tmp_path / "other")
    other.new_tenant()
    refused(4, "no such log-in", "--oidc", provider["name"], "--tenant", other.env["DRM_TENANT"])
    refused(2, "--tenant NAME is missing", "--oidc", "x")
    refused(2, "--oidc stands for a password", "--oidc", "x", "--tenant", tenant, "--email", "a@b.example")
    refused(2, "--no-browser goes with --oidc", "--no-browser", "--email", "a@b.example")
    env = {k: v for k, v in ctl.env.items() if k != "DRM_KEYRING"}
    refused(2, "needs its keyring", "--oidc", "x", "--tenant", tenant, env=clean_environment(**env), clean=True)


def test_a_browser_is_opened_unless_told_not_to(ctl, issuer, provider, tmp_path):
    """xdg-open gets the address that is shown as well."""
    ctl.ok("logout")
    opener, seen = tmp_path / "bin" / "xdg-open", tmp_path / "seen"
    opener.parent.mkdir()
    opener.write_text(f"#!/bin/sh\nprintf %s \"$1\" > {seen}.new && mv {seen}.new {seen}\n")
    opener.chmod(0o755)
    env = clean_environment(**{**ctl.env, "PATH": f"{opener.parent}:{os.environ['PATH']}"})
    process = subprocess.Popen([ctl.program, "login", "--oidc", provider["name"], "--tenant", ctl.env["DRM_TENANT"]], env=env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        url = wait_until(lambda: seen.exists() and seen.read_text())
        fetch(fetch(url).headers["location"])
        assert url in process.communicate(timeout=30)[0] and process.returncode == 0
    finally:
        process.kill()
        process.wait()


def test_providers(ctl, issuer, provider):
    assert provider["client_secret"] == {"set": True} and provider["link_by_email"] is True
    name = provider["name"]
    assert ctl.json("oidc-provider", "show", name) == ctl.json("oidc-provider", "show", provider["id"]) == provider
    changed = ctl.json("oidc-provider", "update", name, "--no-client-secret", "--email-domain", "a.example", "--email-domain", "b.example",
                       "--create-users", "true", "--default-role", "operator", "--enabled", "false", "--if-version", "1")
    assert changed["client_secret"] == {"set": False} and changed["email_domains"] == ["a.example", "b.example"]
    assert (changed["create_users"], changed["default_role"], changed["enabled"], changed["version"]) == (True, "operator", False, 2)
    assert ctl.json("oidc-provider", "update", name, "--email-domain", "", "--link-by-email", "false")["email_domains"] == []
    renamed = ctl.json("oidc-provider", "update", name, "--name", name + "-2")
    assert renamed["name"] == name + "-2" and renamed["link_by_email"] is False
    assert name + "-2" in ctl.ok("oidc-provider", "list").stdout
    table = ctl.ok("oidc-provider", "show", name + "-2").stdout
    assert issuer.secret not in table
    ctl.ok("oidc-provider", "delete", name + "-2", "--yes")
    assert ctl.run("oidc-provider", "show", name + "-2").returncode == 4


def test_providers_that_are_not_good(ctl, issuer, provider):
    name = provider["name"]
    for code, words, *argv in ((2, "there is nothing to change", "update", name), (2, "true or false", "update", name, "--enabled", "yes"),
                               (2, "exclude each other", "update", name, "--no-client-secret", "--client-secret-file", "-"),
                               (2, "issuer", "create", "x", "--client-id", "y", "--redirect-uri", "https://x.example/"),
                               (2, "https://", "update", name, "--issuer", "http://id.example"), (4, "no such provider", "update", "other", "--enabled", "true"),
                               (5, "changed since", "update", name, "--enabled", "true", "--if-version", "9"),
                               (5, "another provider", "create", name, "--issuer", "https://x.example", "--client-id", "y", "--redirect-uri",
                                "https://x.example/")):
        done = ctl.run("oidc-provider", *argv, input="secret")
        assert done.returncode == code and words in done.stderr, done
