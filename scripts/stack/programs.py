"""drmd and drm-worker of a build folder as supervised processes."""
import pathlib
import urllib.parse

from .failure import Failure
from .process import Process, clean_environment

NEEDED = ("DRM_APP_DATABASE_URL", "DRM_REDIS_URL", "DRM_KEYRING")
ADDRESS_IN_USE = 6  # drmd's exit code


class Program(Process):
    """env: what the stack knows; a program sees only what it needs."""

    def __init__(self, build, log, env, folder):
        super().__init__(log)
        self.binary = pathlib.Path(build) / self.name / self.name
        self.env = env
        self.ready_file = pathlib.Path(folder) / f"{self.name}.ready"

    def environment(self):
        return clean_environment(**{k: self.env[k] for k in NEEDED})

    def spawn(self):
        if not self.binary.exists():
            raise Failure(f"{self.binary} is missing", hint="Build it: cmake --build build")
        self.ready_file.unlink(missing_ok=True)
        super().spawn()

    def answers(self):
        return self.ready_file.exists()


class Drmd(Program):
    name = "drmd"
    stop_seconds = 15

    def __init__(self, build, log, env, folder, listen=None, port=None, more=()):
        super().__init__(build, log, env, folder)
        self.more = more  # options
        self.given = listen
        self.port = port
        self.url = None
        self.docs = pathlib.Path(build) / "docs-site"

    def argv(self):
        listen = self.given or f"127.0.0.1:{self.port or 0}"
        docs = ["--docs", self.docs] if self.docs.is_dir() else []
        return [self.binary, "--listen", listen, "--port-file", self.ready_file, *docs, *self.more]

    def start(self):
        try:
            super().start()
        except Failure as failure:
            # The port of the last time is a wish; the one of --listen, or of this run, is not.
            if self.exit_code() != ADDRESS_IN_USE:
                raise
            if self.given or self.url or not self.port:
                failure.hint = "Give another address with --listen; without --listen a free port is found."
                raise
            self.port = None
            super().start()
        self.url = self.ready_file.read_text(encoding="ascii").strip()
        self.port = urllib.parse.urlsplit(self.url).port


class Worker(Program):
    name = "drm-worker"
    stop_seconds = 30

    def __init__(self, build, log, env, folder, traps=None, more=()):
        super().__init__(build, log, env, folder)
        self.traps = traps  # ADDRESS:PORT
        self.more = more  # options

    def argv(self):
        traps = ["--trap-listen", self.traps] if self.traps else []
        return [self.binary, "--ready-file", self.ready_file, *traps, *self.more]
