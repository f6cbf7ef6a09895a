"""A page of a list costs the same wherever it begins: its statement enters an index at the cursor. (Row-level security keeps conditions
that might tell of rows out of an index; COALESCE is one of these, GREATEST is not.)"""
import pytest
from attack_support import siege, run  # noqa: F401
from plan_support import ask

ROWS, PAGE = 20000, 50
BLOCKS = 300  # a page from the beginning: 60 to 110

FILL = """
INSERT INTO drm.devices (tenant_id, id, name) SELECT %(tenant)s, lpad(to_hex(i), 32, '0')::uuid, 'deep-' || lpad(i::text, 8, '0')
    FROM generate_series(1, %(rows)s) i;
INSERT INTO drm.jobs (tenant_id, id, device_id, lane, protocol, operation, idempotent, exclusive, timeout_ms)
    SELECT %(tenant)s, lpad(to_hex(i), 32, '0')::uuid, %(device)s, 'deep', 'fake', 'echo', true, false, 1000 FROM generate_series(1, %(rows)s) i;
INSERT INTO drm.device_events (tenant_id, id, device_id, kind, at)
    SELECT %(tenant)s, lpad(to_hex(i), 32, '0')::uuid, %(device)s, 'x', now() FROM generate_series(1, %(rows)s) i;
"""


@pytest.fixture(scope="module")
def deep(siege):  # noqa: F811
    run(siege.admin, FILL, {**vars(siege.a), "rows": ROWS})
    siege.admin.commit()
    siege.admin.autocommit = True
    run(siege.admin, "VACUUM ANALYZE drm.devices, drm.jobs, drm.device_events")
    siege.admin.autocommit = False
    return siege


def at(i):
    return f"00000000-0000-0000-0000-{i:012x}"


FAR = at(ROWS // 2)
LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"


@pytest.mark.parametrize("name, args, columns", [
    ("device_list", (PAGE, FAR, None, None, None), {"device": "d.id::text"}),
    ("device_list_desc", (PAGE, FAR, None, None, None), {"device": "d.id::text"}),
    ("device_list_name", (PAGE, f"deep-{ROWS // 2:08}", None, None, None), {"device": "d.id::text"}),
    ("device_list_name_desc", (PAGE, f"deep-{ROWS // 2:08}", None, None, None), {"device": "d.id::text"}),
    ("event_list", (PAGE, FAR, None, None, None, None, at(0), LAST), {"event": "e.id::text"}),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_page_in_the_middle_of_a_long_list_reads_few_blocks(deep, name, args, columns):
    connection = deep.database.app()
    rows, blocks = ask(deep, connection, name, *args, **columns)
    connection.close()
    assert len(rows) == PAGE
    assert blocks < BLOCKS, blocks
