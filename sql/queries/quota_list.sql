SELECT q.quota, q."limit", q.used FROM sched.quotas() q
