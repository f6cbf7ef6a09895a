-- The tenant's newest data key, wrapped; it stays until this transaction ends.
SELECT k.version, k.wrapped FROM sec.data_key() k
