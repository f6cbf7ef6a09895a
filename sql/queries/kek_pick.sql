SELECT k.tenant_id, k.version, k.wrapped FROM sec.kek_pick($1::integer, $2::uuid, $3::integer) k
