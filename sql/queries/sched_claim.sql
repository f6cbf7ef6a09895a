SELECT c.tenant_id, c.id, c.device_id, c.protocol, c.operation, c.params, c.attempt, c.timeout_ms, c.idempotent, c.expired, c.address, c.port,
       c.settings, c.credential_id, c.snmp_version, c.username, c.auth_protocol, c.priv_protocol, c.context_name, c.community,
       c.community_key, c.auth_password, c.auth_password_key, c.priv_password, c.priv_password_key
FROM sched.claim($1::uuid, $2, $3::integer) AS c
