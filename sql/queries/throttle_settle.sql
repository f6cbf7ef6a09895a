SELECT sec.throttle_settle($1::bytea, $2::bytea, $3::bytea[], $4::integer[], $5::integer[], $6::boolean, $7::integer, $8::integer)
