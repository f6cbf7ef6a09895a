SELECT e AS id FROM sched.events_store($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[],
                                       $9::timestamptz[]) AS e
