SELECT k.tenant_id, k.version, k.wrapped, k.superseded FROM sec.rekey_next() k
