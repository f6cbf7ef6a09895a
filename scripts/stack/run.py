"""`python3 -m stack run` and `stop`, behind scripts/run and scripts/stop: start, the demo job, what to look at, supervision, the end."""
import contextlib
import json
import os
import shlex
import signal
import sys
import time

from . import demo, process, signals
from .failure import Failure
from .stack import Stack
from .state import State
from .steps import Steps, say
from .supervise import Supervisor

STOP_SECONDS = 120


def summary(stack, command):
    """Where everything is. The password is shown on the start that made it."""
    env, folder = stack.env, stack.state.folder
    source = f". {shlex.quote(str(stack.state.env_file))}"
    docs = f"{stack.url}/docs  {stack.url}/redoc  " if stack.drmd.docs.is_dir() else ""
    password = env["DRM_PASSWORD"] if stack.new_tenant and "DRM_PASSWORD" not in stack.given else f"DRM_PASSWORD in {stack.state.env_file}"
    return f"""
  URL        {stack.url}
  log-in     {env["DRM_EMAIL"]}  password: {password}  tenant: {env["DRM_TENANT"]}
  docs       {docs}{stack.url}/openapi.json
  shell      {source}
  REST       TOKEN=$(curl -s $DRM_URL/api/v1/auth/login -H 'Content-Type: application/json' \\
                 -d "{{\\"email\\":\\"$DRM_EMAIL\\",\\"password\\":\\"$DRM_PASSWORD\\"}}" | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
             curl -s $DRM_URL/api/v1/devices -H "Authorization: Bearer $TOKEN"
  CLI        {stack.build}/drmctl/drmctl snmp get {demo.DEVICE} sysDescr.0 --wait
  database   psql "${"DRM_ADMIN_DATABASE_URL" if stack.postgres else "DRM_DATABASE_URL"}"
  logs       {stack.state.log}/
  stop       {command}"""


def stop_command(stack, options):
    stop = "scripts/stop"
    if stack.state.folder != options.default_state:
        stop += f" --state {shlex.quote(str(stack.state.folder))}"
    return stop if options.detach else f"Ctrl-C, or {stop}"


def explain(failure, logs):
    step = getattr(failure, "step", None)
    text = failure.explain() if isinstance(failure, Failure) else str(failure)
    print(f"\nscripts/run failed{f' at the step: {step}' if step else ''}\n{text}\nLogs: {logs}/", file=sys.stderr, flush=True)


def end(stack, steps):
    """Stops all of it; nothing interrupts that."""
    signals.ignore()
    if not stack.processes:
        stack.stop()
        return
    with steps.step("stopped everything") as step:
        late = stack.stop()
        if late:
            step.text += f" ({', '.join(late)} only by SIGKILL)"


def run(options):
    return detached(options) if options.detach else attached(options, lambda: None)


def attached(options, ready):
    """ready() is called once the demo job is done. Returns the exit code."""
    steps = Steps()
    stack = Stack(options.state, options.build, options.listen, steps=steps, environment=os.environ)
    code, job = 0, None
    try:
        stack.start()
        job = demo.run(stack)
        direct = demo.confirm(stack, job)
        steps.say(f"{'':12}the agent's answer: {direct}")
        if not options.once:
            steps.say(summary(stack, stop_command(stack, options)))
            ready()
            Supervisor(stack, say).run()
    except (Failure, OSError) as failure:
        explain(failure, stack.state.log)
        code = 1
    except signals.Interrupted as interrupted:
        steps.say(f"\n{'':12}{interrupted}")
        # Asked to end, it ended well; broken off before there was anything to see, it did not.
        code = 0 if job and not options.once else 128 + interrupted.number
    finally:
        end(stack, steps)
    if options.once and job is not None:
        say(json.dumps(job))
    return code


def detached(options):
    """The stack in a session of its own; this process waits until it is ready and passes on a Ctrl-C until then."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.setsid()
        code = attached(options, lambda: go_quiet(options, writer))
        os._exit(code)
    os.close(writer)
    while True:
        try:
            word = os.read(reader, 1)
            break
        except signals.Interrupted as interrupted:
            signals.ignore()
            os.kill(child, interrupted.number)
            os.waitpid(child, 0)
            return 128 + interrupted.number
    if word:
        return 0
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) or 1


def go_quiet(options, writer):
    """The terminal is let go; from here on what there is to say goes into a log."""
    log = os.open(options.state / "log" / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.write(writer, b"r")
    os.close(writer)
    say(f"{time.strftime('%F %T')} started, supervisor is process {os.getpid()}")


def stop(options):
    """Ends the stack of a state folder through its supervisor, or, where that was killed, by what is written down."""
    state = State(options.state)
    if not (state.folder / "lock").exists():
        say(f"nothing runs with its state in {state.folder}")
        return 0
    began = time.monotonic()
    supervised = not state.try_lock()
    if supervised:
        # One that holds the lock and is not written down yet has begun this moment, or is about to end.
        pid, started = process.wait_for(lambda: state.recorded().get("supervisor"), 1) or (None, None)
        if pid and process.start_time(pid) == started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        if not process.wait_for(state.try_lock, STOP_SECONDS):
            raise Failure(f"the stack's supervisor, process {pid}, has not ended after {STOP_SECONDS} s")
    killed = not supervised and bool(state.recorded())
    left = state.stop_leftovers()
    state.close()
    if supervised:
        say(f"[{time.monotonic() - began:7.1f} s] stopped the stack in {state.folder}")
    elif killed:
        say(f"[{time.monotonic() - began:7.1f} s] the stack in {state.folder} had been killed; "
            + (f"ended what it left behind: {', '.join(left)}" if left else "its processes have ended with it"))
    else:
        say(f"nothing runs with its state in {state.folder}")
    return 0
