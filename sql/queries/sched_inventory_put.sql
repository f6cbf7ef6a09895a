SELECT p.device_id, p.left_out
FROM sched.inventory_put($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::boolean[],
                         $7::integer[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::integer[], $14::timestamptz[]) AS p
