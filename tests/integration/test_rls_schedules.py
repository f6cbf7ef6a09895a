"""When schedules run next: sched.cron_next() against answers worked out by hand, both changes of the clocks, and expressions that are
wrong, never come or are made to be expensive."""
import datetime
import json

import psycopg2
import pytest


@pytest.fixture(scope="module")
def sql(database):
    connection = database.admin()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        yield cursor
    connection.close()


def runs(sql, expression, zone, after, count=1):
    sql.execute("SELECT sched.zone_check(%s)", (zone,))
    sql.execute("SELECT to_char(r, 'YYYY-MM-DD HH24:MI') FROM unnest(sched.schedule_runs(jsonb_populate_record(NULL::drm.schedules, %s), %s, %s)) r",
                (json.dumps({"cron": expression, "time_zone": zone}), after, count))
    return [row[0] for row in sql.fetchall()]


@pytest.mark.parametrize("expression,after,expected", [
    ("* * * * *", "2026-01-01 00:00", "2026-01-01 00:01"),
    ("* * * * *", "2026-01-01 00:00:59.999", "2026-01-01 00:01"),
    ("0 0 1 1 *", "2026-01-01 00:00", "2027-01-01 00:00"),  # the moment itself has been
    ("*/15 * * * *", "2026-01-01 23:50", "2026-01-02 00:00"),
    ("5/20 * * * *", "2026-01-01 10:26", "2026-01-01 10:45"),
    ("10-30/10 6,18 * * *", "2026-01-01 06:30", "2026-01-01 18:10"),
    ("30 4 * * MON-fri", "2026-07-03 04:30", "2026-07-06 04:30"),  # Friday to Monday
    ("0 0 * * 7", "2026-07-01", "2026-07-05 00:00"),
    ("0 0 * * 0", "2026-07-01", "2026-07-05 00:00"),
    ("0 0 * * 6-7", "2026-07-05 12:00", "2026-07-11 00:00"),
    ("0 12 31 * *", "2026-03-31 12:00", "2026-05-31 12:00"),
    ("0 0 29 2 *", "2026-01-01", "2028-02-29 00:00"),
    ("0 0 29 feb *", "2096-03-01", "2104-02-29 00:00"),  # 2100 is no leap year
    ("0 0 */29 2 MON", "2026-01-01", "2027-02-01 00:00"),  # both: the 1st or 29th, and a Monday
    ("0 0 13 * FRI", "2026-07-01", "2026-07-03 00:00"),  # either: the 13th, or a Friday
    ("0 0 13 * FRI", "2026-07-10 01:00", "2026-07-13 00:00"),
    ("0 0 1 JAN,jul *", "2026-02-01", "2026-07-01 00:00"),
    ("@hourly", "2026-12-31 23:30", "2027-01-01 00:00"),
    (" @Daily ", "2026-12-31 23:30", "2027-01-01 00:00"),
    ("@weekly", "2026-07-01", "2026-07-05 00:00"),
    ("@monthly", "2026-07-01", "2026-08-01 00:00"),
    ("@yearly", "2026-07-01", "2027-01-01 00:00"),
    ("\t0  0 1\t1 * ", "2026-07-01", "2027-01-01 00:00"),
])
def test_known_answers(sql, expression, after, expected):
    assert runs(sql, expression, "UTC", after) == [expected]


@pytest.mark.parametrize("zone,after,expected", [
    ("Asia/Kolkata", "2026-07-01", "2026-07-01 03:30"),
    ("America/New_York", "2026-07-01", "2026-07-01 13:00"),
    ("America/New_York", "2026-12-01", "2026-12-01 14:00"),
    ("Pacific/Auckland", "2026-07-01", "2026-07-01 21:00"),
])
def test_zones(sql, zone, after, expected):
    assert runs(sql, "0 9 * * *", zone, after) == [expected]


def test_clocks_go_forward(sql):
    """Berlin, 29 March 2026: after 01:59 (00:59 UTC) comes 03:00 (01:00 UTC)."""
    assert runs(sql, "30 2 * * *", "Europe/Berlin", "2026-03-28 00:00", 3) == ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]
    assert runs(sql, "0 2 * * *", "Europe/Berlin", "2026-03-28 12:00", 2) == ["2026-03-29 01:00", "2026-03-30 00:00"]
    # Several that do not exist are one, and the one that 03:00 is anyway.
    assert runs(sql, "*/20 * * * *", "Europe/Berlin", "2026-03-29 00:30", 3) == ["2026-03-29 00:40", "2026-03-29 01:00", "2026-03-29 01:20"]
    assert runs(sql, "30 * * * *", "Europe/Berlin", "2026-03-29 00:00", 3) == ["2026-03-29 00:30", "2026-03-29 01:30", "2026-03-29 02:30"]
    assert runs(sql, "30 2,3 * * *", "Europe/Berlin", "2026-03-29 00:00", 2) == ["2026-03-29 01:00", "2026-03-29 01:30"]


def test_clocks_go_back(sql):
    """Berlin, 25 October 2026: after 02:59 (00:59 UTC) comes 02:00 again (01:00 UTC)."""
    assert runs(sql, "30 2 * * *", "Europe/Berlin", "2026-10-24 00:00", 3) == ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]
    # Hours that begin with * are hours that pass: the one that comes twice is two. Those that are named are once a day.
    assert runs(sql, "0,30 * * * *", "Europe/Berlin", "2026-10-25 00:15", 4) == [
        "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-25 02:00"]
    assert runs(sql, "30 0-23 * * *", "Europe/Berlin", "2026-10-25 00:15", 3) == ["2026-10-25 00:30", "2026-10-25 02:30", "2026-10-25 03:30"]
    # From within the hour that comes twice: its second time is not another run.
    assert runs(sql, "30 2 * * *", "Europe/Berlin", "2026-10-25 00:45") == ["2026-10-26 01:30"]
    assert runs(sql, "30 2 * * *", "Europe/Berlin", "2026-10-25 01:15") == ["2026-10-26 01:30"]
    assert runs(sql, "0 * * * *", "Europe/Berlin", "2026-10-24 23:30", 3) == ["2026-10-25 00:00", "2026-10-25 01:00", "2026-10-25 02:00"]


def test_changes_that_are_not_an_hour(sql):
    # Lord Howe: half an hour; Samoa: the whole 30th of December 2011 was left out.
    assert runs(sql, "15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00") == ["2026-10-03 15:30"]
    assert runs(sql, "45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00", 2) == ["2026-04-04 14:45", "2026-04-05 15:15"]
    assert runs(sql, "0 12 * * *", "Pacific/Apia", "2011-12-29 22:00", 2) == ["2011-12-30 10:00", "2011-12-30 22:00"]


@pytest.mark.parametrize("expression", [
    "", " ", "*", "* * * *", "* * * * * *", "@reboot", "@", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *",
    "* * * 13 *", "* * * * 8", "-1 * * * *", "*/0 * * * *", "5-1 * * * *", "1, * * * *", ",1 * * * *", "1,,2 * * * *", "1- * * * *",
    "*-5 * * * *", "*/ * * * *", "*/-1 * * * *", "1/2/3 * * * *", "1.5 * * * *", "MON * * * *", "* * * * MONDAY", "* * * JANU *",
    "* * L * *", "* * ? * *", "* * * * 5#3", "FRI-MON * * * *", "99999999999999999999 * * * *", "*/99999999999 * * * *",
    "* * * * *\n", "* * * * *; DROP TABLE drm.jobs", "' OR 1=1 -- ", "１ * * * *", "%s * * * *",
    "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 FEB *",  # never come
    "1" + ",1" * 200 + " * * * *", "*" * 100000,
])
def test_what_is_refused(sql, expression):
    with pytest.raises(psycopg2.Error) as error:
        runs(sql, expression, "UTC", "2026-01-01")
    assert error.value.pgcode == "DR422"
    assert error.value.diag.message_primary.startswith("cron: ")


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "CEST", "XYZ-3", "+02:00", "<+02>-2", "../../etc/passwd", "x" * 100000])
def test_zones_that_are_refused(sql, zone):
    with pytest.raises(psycopg2.Error) as error:
        runs(sql, "@daily", zone, "2026-01-01")
    assert error.value.pgcode == "DR422"
    assert error.value.diag.message_primary.startswith("time_zone: ")


@pytest.mark.parametrize("after", ["infinity", "-infinity"])
def test_no_time(sql, after):
    with pytest.raises(psycopg2.Error) as error:
        runs(sql, "@daily", "UTC", after)
    assert error.value.pgcode == "DR422"


def test_one_after_the_other_across_a_change_of_the_clocks(sql):
    """Asked again and again from the last answer on: every run that clocks in Berlin show on 29 March 2026, once, in its order."""
    found, at = [], "2026-03-28 23:00"  # local midnight, less the run at 00:00 itself
    while at < "2026-03-29 22:00":
        found += runs(sql, "*/30 * * * *", "Europe/Berlin", at, 7)
        at = found[-1]
    start = datetime.datetime(2026, 3, 28, 23, 0)
    assert found == [(start + datetime.timedelta(minutes=30 * n)).strftime("%Y-%m-%d %H:%M") for n in range(1, len(found) + 1)]


def test_programs_cannot_call_it(database):
    with database.app() as connection, connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("SELECT sched.cron_next('@daily', 'UTC', now())")
