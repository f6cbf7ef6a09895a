"""What guessing at a log-in meets: the throttle, and the trail it leaves."""
import time

import pytest
from http_support import Api, is_problem
from job_support import Tenant, ask


@pytest.fixture
def tenant(stack):
    return Tenant(stack.build, stack.env, stack.url)


def guess(stack, email, password, tenant=None):
    return Api(stack.url).post("/api/v1/auth/login", {"email": email, "password": password, **({"tenant": tenant} if tenant else {})})


def guess_until_barred(stack, email, name=None, most=60, seconds=4):
    """Until one is to wait so long. How many guesses were looked at, and the refusal."""
    looked_at = 0
    for _ in range(most):
        answer = guess(stack, email, f"wrong guess {looked_at}", name)
        if answer.status != 429:
            assert is_problem(answer, 401)
            looked_at += 1
        elif int(answer.headers["retry-after"]) >= seconds:
            return looked_at, answer
        else:
            time.sleep(int(answer.headers["retry-after"]))
    raise AssertionError("guessing goes on for ever")


def test_guesses_are_barred_for_a_while_and_so_are_those_at_nobodys_account(stack, tenant):
    known, barred = guess_until_barred(stack, tenant.email, tenant.name)
    # The right password waits as well, and is not told from a wrong one.
    assert guess(stack, tenant.email, tenant.password, tenant.name).status == 429
    unknown, alike = guess_until_barred(stack, "nobody-" + tenant.email)
    assert known == unknown >= 5
    for answer in (barred, alike):
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert is_problem(barred, 429)["title"] == is_problem(alike, 429)["title"]


def test_who_logs_in_does_not_wait_for_others_accounts(stack, tenant):
    other = Tenant(stack.build, stack.env, stack.url)
    guess_until_barred(stack, tenant.email, tenant.name)
    assert guess(stack, other.email, other.password, other.name).status == 200


def test_failed_log_ins_stand_in_the_trail_of_their_tenant(stack, tenant):
    assert is_problem(guess(stack, tenant.email, "wrong guess", tenant.name), 401)
    assert is_problem(guess(stack, "nobody-" + tenant.email, "wrong guess"), 401)
    rows = ask(stack.env, "SELECT a.object_id = u.id, a.actor_id, a.detail->>'reason', a.address, a.request_id IS NOT NULL FROM drm.audit_logs a"
                          " JOIN drm.users u ON u.tenant_id = a.tenant_id WHERE a.tenant_id = %s AND action = 'auth.login_failed'", (tenant.id,))
    assert rows == [(True, None, "password", "127.0.0.1", True)]
    assert ask(stack.env, "SELECT count(*) FROM drm.audit_logs WHERE detail::text LIKE '%%wrong guess%%'") == [(0,)]
