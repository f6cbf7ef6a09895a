SELECT s.address, s.tenant_id, s.device_id, s.relayed, s.credential_id, s.snmp_version, s.username, s.auth_protocol, s.priv_protocol,
       s.context_name, s.community, s.community_key, s.auth_password, s.auth_key, s.priv_password, s.priv_key
FROM sched.trap_senders($1::text[]) AS s
