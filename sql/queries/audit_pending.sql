-- Rows that are not linked yet, after one of them; as audit_export.sql.
SELECT NULL, NULL, NULL, NULL, NULL, NULL, a.id, NULL, true, a.xid, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), a.actor_id, a.action,
       a.object_type, a.object_id, a.detail, a.request_id, a.address
FROM adm.audit_pending($1::text, $2::uuid, $3::uuid) a
