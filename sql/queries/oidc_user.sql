SELECT user_id, outcome FROM sec.oidc_user($1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::boolean, $7::uuid)
