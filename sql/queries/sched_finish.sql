SELECT f.id, f.status
FROM sched.finish($1::uuid, $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::boolean[], $7::jsonb[], $8::jsonb[],
                  $9::timestamptz[], $10::timestamptz[], $11::integer[]) AS f
