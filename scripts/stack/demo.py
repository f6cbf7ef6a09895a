"""The one real job: the SNMP agent becomes a device, is asked for sysDescr.0 over REST, and its answer is held against what the agent
was told to say."""
import json

from . import snmp
from .client import Client
from .database import drmctl
from .failure import Failure

DEVICE = "demo-agent"


def register(stack):
    """Logs drmctl in and makes the device, or points an existing one at the agent's port of today. Returns its id."""
    env, log = stack.env, stack.state.log / "drmctl.log"
    drmctl(stack.build, "login", "--email", env["DRM_EMAIL"], "--tenant", env["DRM_TENANT"], "--password-file", "-", env=env,
           stdin=env["DRM_PASSWORD"] + "\n", log=log)
    agent = ["--snmp", stack.snmpd.address, "--community-file", "-"]
    known = drmctl(stack.build, "-o", "json", "device", "show", DEVICE, env=env, log=log, check=False)
    if known.returncode == 0:
        device = json.loads(known.stdout)
        if stack.place.get("agent") != stack.snmpd.address:
            drmctl(stack.build, "device", "update", DEVICE, *agent, env=env, stdin=stack.snmpd.community + "\n", log=log)
    else:
        made = drmctl(stack.build, "-o", "json", "device", "create", DEVICE, *agent, "--tag", "demo", env=env,
                      stdin=stack.snmpd.community + "\n", log=log)
        device = json.loads(made.stdout)
    stack.place["agent"] = stack.snmpd.address
    return device["id"]


def describe(event, data):
    """One event in a few words."""
    words = [data.get("status", "")]
    if data.get("progress") is not None:
        words.append(f"{data['progress']} %")
    if data.get("error"):
        words.append(f"{data['error'].get('code')}: {data['error'].get('message')}")
    return f"{'':12}{event:8} {'  '.join(w for w in words if w)}"


def values(result):
    """Every string in a JSON value."""
    if isinstance(result, str):
        yield result
    elif isinstance(result, (dict, list)):
        for each in result.values() if isinstance(result, dict) else result:
            yield from values(each)


def run(stack):
    """Submits, follows and returns the job as it ended."""
    client = Client(stack.drmd.url)
    env, steps = stack.env, stack.steps
    with steps.step("submitted the SNMP GET of sysDescr.0 (POST /api/v1/jobs)") as step:
        client.login(env["DRM_EMAIL"], env["DRM_PASSWORD"], env["DRM_TENANT"])
        job = client.call("POST", "/api/v1/jobs", {"device_id": env["DRM_DEVICE"], "protocol": "snmp", "operation": "get",
                                                   "params": {"oids": ["sysDescr.0"]}})
        step.text += f": job {job['job_id']}"
    path = f"/api/v1/jobs/{job['job_id']}"
    with steps.step(f"followed its events (GET {path}/events)"):
        for event, data in client.events(f"{path}/events"):
            steps.say(describe(event, data))
        return client.call("GET", path)


def confirm(stack, job):
    """Only what the agent says counts: as it was configured, and as it answers a question asked without drmgmt."""
    if job["status"] != "completed":
        raise Failure(f"the job ended as {job['status']}: {json.dumps(job.get('error'))}", stack.worker.log)
    direct = snmp.sys_descr(stack.snmpd.port, stack.snmpd.community, timeout=2)
    if direct != stack.snmpd.description:
        raise Failure(f"the agent itself says {direct!r} and not what it was configured with", stack.snmpd.log)
    if direct not in values(job["result"]):
        raise Failure(f"the job's result is not what the agent says ({direct!r}): {json.dumps(job['result'])}")
    return direct
