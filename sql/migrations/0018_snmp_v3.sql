-- Credentials of SNMP version 3: what belongs together. What an older row has is left to whoever changes it.
SET ROLE drm_owner;

ALTER TABLE drm.snmp_credentials
    ADD CONSTRAINT snmp_credentials_user CHECK (snmp_version <> '3' OR COALESCE(octet_length(username), 0) BETWEEN 1 AND 32) NOT VALID,
    ADD CONSTRAINT snmp_credentials_community CHECK (snmp_version = '3' OR community IS NOT NULL) NOT VALID,
    ADD CONSTRAINT snmp_credentials_auth CHECK ((auth_protocol IS NULL) = (auth_password IS NULL)) NOT VALID,
    ADD CONSTRAINT snmp_credentials_priv CHECK ((priv_protocol IS NULL) = (priv_password IS NULL)) NOT VALID,
    ADD CONSTRAINT snmp_credentials_level CHECK (priv_protocol IS NULL OR auth_protocol IS NOT NULL) NOT VALID,
    ADD CONSTRAINT snmp_credentials_context CHECK (octet_length(context_name) <= 32) NOT VALID,
    ADD CONSTRAINT snmp_credentials_secrets CHECK (octet_length(auth_password) >= 33 AND octet_length(priv_password) >= 33) NOT VALID;
