"""What is done to the stack, and when: all of it follows from the seed. One row an injury; plan() deals them like cards, so that each comes
in its turn, none twice at the same time to the same victim."""
import contextlib
import dataclasses
import heapq
import random
import signal
import time

import psycopg2
from world import WORKERS

GAP = 1.8  # seconds from one injury to the next, on average
PARTS = [f"worker{n}" for n in range(WORKERS)]
# The ways that proxies hold; a worker has one of its own to PostgreSQL.
WAYS = [f"postgres of {part}" for part in PARTS]
LINKS = [*WAYS, "postgres of drmd", "redis", "http", "device"]


@dataclasses.dataclass(frozen=True)
class Injury:
    at: float  # seconds from the start
    seconds: float  # until it is taken back
    name: str
    victim: str
    more: float  # how bad: 0 to 1

    def __str__(self):
        return f"{self.at:7.2f}  {self.name} {self.victim} for {self.seconds:.2f} s ({self.more:.2f})"


def end(number):
    return lambda world, injury: world.end(injury.victim, number)


def let(world, injury):
    world.let(injury.victim)


def stop(world, injury):
    world.signal(injury.victim, signal.SIGSTOP)


def go_on(world, injury):
    world.signal(injury.victim, signal.SIGCONT)


def flush(world, _):
    with contextlib.suppress(OSError):
        world.redis.command("FLUSHALL")


def fill(world, injury):
    """Tables cannot grow; every other time WAL cannot either, and PostgreSQL panics."""
    world.down.add("disk")
    world.disk.fill(world.postgres)
    if injury.more < 0.5:
        with contextlib.suppress(psycopg2.Error), world.superuser() as cursor:
            cursor.execute("SELECT pg_switch_wal() FROM generate_series(1, 3)")


def clear(world, _):
    world.disk.clear(world.postgres)
    world.down.discard("disk")
    world.look_after()


def order(**what):
    return lambda world, injury: world.proxies.order(injury.victim, **{k: v(injury) if callable(v) else v for k, v in what.items()})


def nothing(_world, _injury):
    """It is over at once."""


# name: (victims, least seconds, most seconds, what is done, how it is taken back)
TABLE = {
    "kill -9": (PARTS, 0.1, 2, end(signal.SIGKILL), let),
    "kill -9 drmd": (["drmd"], 0.1, 2, end(signal.SIGKILL), let),
    "stop past the lease": (PARTS, 3.2, 6, stop, go_on),
    "stop a moment": ([*PARTS, "drmd"], 0.2, 2, stop, go_on),
    "end in order": (PARTS, 0.1, 1, end(signal.SIGTERM), let),
    "flush": (["redis"], 0, 0, flush, nothing),
    "kill redis": (["redis"], 0.2, 3, end(signal.SIGKILL), let),
    "crash": (["postgres"], 0.1, 2, lambda world, _: world.end("postgres", "immediate"), let),
    "fill": (["disk"], 1, 3, fill, clear),
    "delay": (LINKS, 1, 4, order(delay=lambda injury: int(20 + 400 * injury.more**2)), order(delay=0)),
    "stall": (LINKS, 0.5, 3, order(stall=True), order(stall=False)),
    "stall past the lease": (WAYS, 3.2, 6, order(stall=True), order(stall=False)),
    "lose": (["device"], 1, 4, order(drop=lambda injury: 0.2 + 0.8 * injury.more), order(drop=0.0)),
    "lose answers": ([*WAYS, "postgres of drmd", "http", "http", "redis"], 0.2, 1.5, order(deaf=True), order(deaf=False)),
    "cut": ([*WAYS, "postgres of drmd", "http", "redis"], 0, 0, order(cut=True), nothing),
    "kill device": (["device"], 0.2, 2, end(signal.SIGKILL), let),
}

OFTEN = ("stop past the lease", "stall past the lease")  # results of old leases are rare otherwise


def victims_of(name, victim):
    """What is not to be touched meanwhile. The ways to a server and the server are different victims."""
    link = name in ("delay", "stall", "stall past the lease", "lose", "lose answers", "cut")
    return {f"link {victim}" if link else victim} | ({"postgres"} if victim == "disk" else set())


def plan(seed, seconds):
    """[Injury], in order of time; the last is taken back before the end."""
    rng = random.Random(f"{seed}/injuries")
    at, busy, deck, dealt = 2.0, {}, [], []
    while at < seconds - 1:
        if not deck:
            deck = [*TABLE, *OFTEN]
            rng.shuffle(deck)
        name = deck.pop()
        victims, least, most, _, _ = TABLE[name]
        injury = Injury(at, min(rng.uniform(least, most), max(0.0, seconds - at)), name, rng.choice(victims), rng.random())
        touched = victims_of(name, injury.victim)
        wait = max(busy.get(each, 0) for each in touched)
        if wait > at:
            injury = dataclasses.replace(injury, at=wait)
        if injury.at + injury.seconds < seconds:
            dealt.append(injury)
            # A crashed server needs a moment to be itself again before it is hurt anew.
            busy.update(dict.fromkeys(touched, injury.at + injury.seconds + 1.5))
        at += rng.expovariate(1 / GAP)
    return sorted(dealt, key=lambda injury: injury.at)


def carry_out(world, injuries, seconds, say):
    """Does it all, for that time. In the main thread, which also starts again what ends."""
    began = time.monotonic()
    events = [(injury.at, n, TABLE[injury.name][3], injury) for n, injury in enumerate(injuries)]
    events += [(injury.at + injury.seconds, n + 0.5, TABLE[injury.name][4], injury) for n, injury in enumerate(injuries)]
    heapq.heapify(events)
    while (now := time.monotonic() - began) < seconds:
        while events and events[0][0] <= now:
            _, n, act, injury = heapq.heappop(events)
            if n == int(n):
                say(str(injury))
            act(world, injury)
        world.look_after()
        time.sleep(0.05)
    for _, _, act, injury in sorted(events):
        if act is TABLE[injury.name][4]:
            act(world, injury)
