"""Workers, as the platform's administrators see them."""
from matrix_rows.row import Kind, Row, unique


def register(person):
    """A row as a worker's registration makes it: nobody makes one over REST."""
    from job_support import ask

    host = unique("host")
    ask(person.tenant.env, "INSERT INTO drm.workers (id, host, pid, version, lane, slots) VALUES (gen_random_uuid(), %s, 1, '0', %s, 1)",
        (host, unique("lane")))
    answer = person.call("GET", f"/api/v1/workers?host={host}")
    assert answer.status == 200, answer
    return answer.json()["items"][0]


KINDS = {
    "worker": Kind(register, names=("id", "host"), platform=True),
}

ROWS = {
    "GET /api/v1/workers": [Row(lists="worker", filters={"lane": "lane", "host": "host", "state": "=alive"})],
}
