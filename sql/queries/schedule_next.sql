-- object: schedule $1
SELECT rtrim(rtrim(to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z', to_char(r.local, 'YYYY-MM-DD HH24:MI:SS')
FROM adm.schedule_runs($1::uuid, $2::integer) r
