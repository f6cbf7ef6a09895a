"""examples/embed_minimal.c as a stranger would use it: built against an installed prefix with pkg-config, run with an API key and
nothing else - no keyring, no log-in - against a stack that is at work."""
import os
import pathlib
import subprocess

import pytest

from http_support import ROOT, Api


def run(command, env):
    return subprocess.run([str(word) for word in command], env=env, text=True, capture_output=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def example(build, tmp_path_factory):
    """The program, and the environment without any of our variables."""
    prefix = tmp_path_factory.mktemp("prefix")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DRM_", "LD_", "PKG_CONFIG"))}
    done = run(["cmake", "--install", build, "--prefix", prefix], clean)
    assert done.returncode == 0, done.stdout + done.stderr
    pc = next(prefix.rglob("drmgmt.pc")).parent
    flags = run(["pkg-config", "--cflags", "--libs", "drmgmt"], {**clean, "PKG_CONFIG_PATH": str(pc)}).stdout.split()
    cache = (pathlib.Path(build) / "CMakeCache.txt").read_text(encoding="utf-8")
    sanitize = next((line.split("=", 1)[1] for line in cache.splitlines() if line.startswith("DRMGMT_SANITIZE:")), "")
    program = prefix / "embed_minimal"
    done = run(["cc", ROOT / "examples/embed_minimal.c", *flags, *([f"-fsanitize={sanitize}"] if sanitize else []),
                f"-Wl,-rpath,{pc.parent}", "-o", program], clean)
    assert done.returncode == 0, done.stderr
    return program, clean


@pytest.fixture(scope="module")
def api_key(stack):
    answer = Api(stack.url, stack.login()).post("/api/v1/api-keys", {"label": "example"})
    assert answer.status == 201, answer
    return answer.json()["key"]


def variables(stack, clean, api_key, **changed):
    values = {"DRM_APP_DATABASE_URL": stack.env["DRM_APP_DATABASE_URL"], "DRM_REDIS_URL": stack.env["DRM_REDIS_URL"],
              "DRM_API_KEY": api_key, "DRM_DEVICE": stack.device, **changed}
    return {**clean, **{k: v for k, v in values.items() if v is not None}}


def test_the_answer_comes_from_the_agent(stack, example, api_key):
    program, clean = example
    done = run([program], variables(stack, clean, api_key))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith(stack.device) for line in lines), done.stdout
    assert lines[-1].startswith("completed: ") and "1.3.6.1.2.1.1.1.0" in lines[-1], done.stdout


def test_it_works_without_redis(stack, example, api_key):
    program, clean = example
    done = run([program], variables(stack, clean, api_key, DRM_REDIS_URL=None))
    assert done.returncode == 0 and "completed: " in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("changed,code,words", [
    ({"DRM_API_KEY": "drm_00000000_" + "0" * 43}, 3, "session: "),
    ({"DRM_API_KEY": "rubbish"}, 3, "session: "),
    ({"DRM_DEVICE": "no-such-device"}, 4, "no-such-device: "),
    ({"DRM_APP_DATABASE_URL": "postgresql://drm_app@/drmgmt?host=/nonexistent"}, 6, "the same may work later"),
    ({"DRM_API_KEY": None}, 2, "DRM_API_KEY"),
])
def test_failures_are_told(stack, example, api_key, changed, code, words):
    program, clean = example
    done = run([program], variables(stack, clean, api_key, **changed))
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stderr and api_key not in done.stderr
