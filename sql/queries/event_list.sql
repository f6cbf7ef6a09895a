-- $1 rows before the cursor $2, newest first; $3 kind pattern, $4 device, $5 since, $6 until; $7 and $8 the ids of that time, give or take a
-- day for clocks that differ. A context that holds event:read on some devices only is told which events these are.
WITH scoped AS MATERIALIZED (
    SELECT s AS id FROM sec.scoped_events($1::bigint, COALESCE($2::uuid, $8::uuid), $7::uuid, $3::text, $5::timestamptz, $6::timestamptz) s
    WHERE (SELECT sec.scope()) IS NOT NULL)
(SELECT @event:list@ FROM drm.device_events e
 WHERE e.id < LEAST($2::uuid, $8::uuid) AND e.id >= $7::uuid AND (SELECT sec.scope()) IS NULL AND $4::uuid IS NULL
   AND ($3::text IS NULL OR e.kind LIKE $3::text)
   AND e.at >= COALESCE($5::timestamptz, '-infinity') AND e.at < COALESCE($6::timestamptz, 'infinity')
 ORDER BY e.id DESC LIMIT $1::bigint)
UNION ALL
(SELECT @event:list@ FROM scoped s JOIN drm.device_events e ON e.id = s.id)
ORDER BY 1 DESC LIMIT $1::bigint
