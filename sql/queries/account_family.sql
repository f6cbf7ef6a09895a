-- How the person of an access token proved who they are, and the address.
SELECT u.email, (SELECT t.amr FROM drm.refresh_tokens t WHERE t.tenant_id = u.tenant_id AND t.id = $1::uuid)
FROM drm.users u WHERE u.tenant_id = (SELECT sec.tenant()) AND u.id = (SELECT sec.actor())
