-- 0: let in and counted; else the seconds to wait. See sec.throttle_admit().
SELECT sec.throttle_admit($1::bytea, $2::bytea, $3::bytea[], $4::integer[], $5::integer[], $6::integer[], $7::integer[], $8::integer,
                          $9::bigint)
