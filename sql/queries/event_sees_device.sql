-- Whether the caller sees a device with the permission asked for.
SELECT sec.sees_device(sec.tenant(), $1::uuid)
