SELECT h.tenant_id, h.seq, h.size, encode(h.hash, 'hex'), h.last_xid, h.last_tenant, h.last_id, h.pending FROM adm.audit_head($1::uuid) h
