SELECT c.tenant_id, c.id, c.device_id, c.protocol, c.operation, c.params, c.attempt, c.timeout_ms, c.idempotent, c.address, c.port,
       c.settings, c.credential_id, c.community, c.wrapped, c.key_version
FROM sched.claim($1::uuid, $2, $3::integer) AS c
