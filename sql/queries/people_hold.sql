-- Nobody else manages the tenant's people until the end of the transaction.
SELECT adm.hold_people()
