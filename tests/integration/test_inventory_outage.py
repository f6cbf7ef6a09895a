"""The inventory when something goes wrong beside the jobs: a worker that is killed, a database that hangs up. Jobs are none the worse for it,
and what a device is said to have agrees with what is there."""
import contextlib

import psycopg2
import pytest
from http_support import wait_until
from job_support import Tenant, ask, make_device, parameters_of, unique
from people_support import Person, assign
from test_worker import ENDS_WITHIN, Lane, start  # noqa: F401
