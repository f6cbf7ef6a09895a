"""What test_drmctl*.py share: a drmctl with a log-in of its own, one on a terminal, and what its help tells of the command table."""
import json
import os
import pathlib
import pty
import pwd
import re
import secrets
import select
import signal
import subprocess
import termios
import time

from job_support import give_quick_hash
from stack.process import clean_environment


class Ctl:
    """drmctl against servers (a `database` or `stack`), with its session file in a folder."""

    def __init__(self, servers, folder):
        self.program = pathlib.Path(servers.build) / "drmctl" / "drmctl"
        self.session = folder / "kept" / "session"
        self.env = {**{k: str(v) for k, v in servers.env.items()}, "DRM_SESSION": str(self.session), "HOME": str(folder)}

    def run(self, *argv, input=None, env=None, clean=False, stdout=subprocess.PIPE, check=False, timeout=60):
        full = env if clean else clean_environment(**{**self.env, **(env or {})})
        source = {"stdin": subprocess.DEVNULL} if input is None else {"input": input.encode()}
        done = subprocess.run([self.program, *argv], env=full, stdout=stdout, stderr=subprocess.PIPE, check=check, timeout=timeout,
                              **source)
        done.stdout, done.stderr = (done.stdout or b"").decode(), done.stderr.decode()  # line ends stay as they are
        return done

    def ok(self, *argv, **more):
        done = self.run(*argv, **more)
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
        return done

    def json(self, *argv, **more):
        return json.loads(self.ok(*argv, "-o", "json", **more).stdout)

    def shell(self, text):
        return subprocess.run(["bash", "-c", text], env=clean_environment(**self.env), stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=60, check=False)

    def new_tenant(self, *flags):
        """Makes a tenant and logs in to it. flags: further ones of init."""
        word = secrets.token_hex(5)
        self.env.update(DRM_TENANT=word, DRM_EMAIL=f"{word}@example.net", DRM_PASSWORD=secrets.token_urlsafe(12))
        self.ok("init", "--tenant", word, "--email", self.env["DRM_EMAIL"], "--password-file", "-", *flags, input=self.env["DRM_PASSWORD"])
        give_quick_hash(self.env, word, self.env["DRM_PASSWORD"])
        self.ok("login", "--email", self.env["DRM_EMAIL"], "--password-file", "-", input=self.env["DRM_PASSWORD"])

    def read_session(self):
        return json.loads(self.session.read_text())

    def write_session(self, content, **changes):
        self.session.write_text(json.dumps({**content, **changes}))
        self.session.chmod(0o600)


class Terminal:
    """A drmctl whose standard descriptors are a terminal."""

    def __init__(self, ctl, *argv, columns=80, term="xterm"):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(ctl.program, [str(ctl.program), *argv], clean_environment(**ctl.env, TERM=term))
        termios.tcsetwinsize(self.fd, (24, columns))
        self.code = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def _read(self, seconds):
        if not select.select([self.fd], [], [], max(0, seconds))[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other side is closed
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def until(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.seen:
            assert self._read(end - time.monotonic()), f"{text!r} has not come: {self.seen!r}"
        return self.seen

    def send(self, text):
        os.write(self.fd, text.encode())

    def wait(self, seconds=30):
        """The exit code, once it has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self._read(0):
                    pass
                self.code = os.waitstatus_to_exitcode(status)
                return self.code
        raise AssertionError(f"it has not ended: {self.seen!r}")


def commands(ctl):
    """[["device", "create"], ["version"], ...] as `drmctl help` lists them."""
    text = ctl.ok("help").stdout.split("Commands:\n", 1)[1].split("\n\n", 1)[0]
    return [re.split("  +", line.strip())[0].split() for line in text.splitlines()]


def options_of(help_text):
    """{"output": "FORMAT", "all": "", ...} of a command's help."""
    return {name: value for name, value in re.findall(r"^  (?:-\w, |    )--([a-z-]+)(?: (\S+))?", help_text, re.M)}


def nobody():
    return pwd.getpwnam("nobody").pw_uid
