-- What may be done everywhere in the tenant, as a mask of permissions.
SELECT sec.rights()
