-- Some links after $1 up to $2, as JSON lines: each link, then its rows, whose values are texts exactly as they were hashed.
WITH next AS MATERIALIZED (
    SELECT n.seq, sum(n.size) OVER (ORDER BY n.seq) - n.size AS before
        FROM (SELECT c.seq, c.size FROM drm.audit_chain c
              WHERE c.tenant_id = (SELECT sec.tenant()) AND c.seq > $1::bigint AND c.seq <= $2::bigint ORDER BY c.seq LIMIT 256) n)
SELECT c.seq, to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), c.size, encode(c.prev_hash, 'hex'), encode(c.hash, 'hex'), r.n, r.id,
       encode(CASE WHEN r.n < cardinality(c.ids) THEN substr(c.row_hashes, (32 * r.n - 31)::integer, 32)
                   ELSE substr(c.row_hashes, (32 * r.n - 31)::integer) END, 'hex'), a.id IS NOT NULL, a.xid,
       to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), a.actor_id, a.action, a.object_type, a.object_id, a.detail, a.request_id, a.address
FROM next x JOIN drm.audit_chain c ON c.tenant_id = (SELECT sec.tenant()) AND c.seq = x.seq
CROSS JOIN LATERAL (SELECT u.id, u.n FROM unnest(c.ids) WITH ORDINALITY AS u (id, n)
                    UNION ALL SELECT NULL, 1 WHERE cardinality(c.ids) = 0) r
LEFT JOIN drm.audit_logs a ON a.tenant_id = c.tenant_id AND a.id = r.id
WHERE x.before < 256 ORDER BY c.seq, r.n
