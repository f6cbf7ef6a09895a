-- Whether the permission asked for holds on all devices, not on those of a selector only.
SELECT sec.scope() IS NULL
