/* Version 3 for a session: its user's keys, and what is known of the agent's engine. Nothing of it is shared between
 * sessions, which are one tenant's with one credential at one address: two tenants with the same user name, or two
 * agents with the same engine id, never meet. Used by session.c and exchange.c; calls usm.c and ku.c. Loop thread only.
 * Internal. */
#ifndef DRMGMT_PROTO_SNMP_SECURITY_H
#define DRMGMT_PROTO_SNMP_SECURITY_H

#include "proto/snmp/exchange.h"
#include "proto/snmp/ku.h"

typedef struct drmgmt__snmp_security drmgmt__snmp_security;

/* What is wrong with a login of version 3 (static text), or NULL. *code: a word for it. */
const char *drmgmt__snmp_login_lacks(const drmgmt_op_credential *login, const char **code);
/* Tells logins apart: a hash of all that is in one under a key of this process. False: OpenSSL refuses. */
bool drmgmt__snmp_login_fingerprint(const drmgmt__kus *kus, const drmgmt_op_credential *login, char out[65]);

/* ready(user) is called once the passphrases are hashed, unless they are already. NULL when memory is out. */
drmgmt__snmp_security *drmgmt__snmp_security_new(drmgmt__kus *kus, const drmgmt_op_credential *login,
                                                 void (*ready)(void *user), void *user);
void drmgmt__snmp_security_free(drmgmt__snmp_security *s); /* NULL is allowed */
/* Passphrases are being hashed, or what keys of AES-192-C and AES-256-C want for an engine: nothing can be sent yet. */
bool drmgmt__snmp_security_pending(const drmgmt__snmp_security *s);
/* Whether the engine is known; until then, what is written is a question for it. */
bool drmgmt__snmp_security_knows(const drmgmt__snmp_security *s);

/* The message of this id with pdu and varbinds, to the end of buffer, as drmgmt__usm_write(). NULL: it does not fit. */
uint8_t *drmgmt__snmp_security_write(drmgmt__snmp_security *s, uint32_t id, const drmgmt__snmp_pdu *pdu,
                                     const drmgmt__snmp_varbind *varbinds, size_t n, uint64_t now_ms, uint8_t *buffer,
                                     uint8_t *scratch, size_t room, size_t *length);

typedef enum drmgmt__snmp_reading {
    DRMGMT__SNMP_READ_DROP,   /* not for us, forged, or out of its time: the question goes on */
    DRMGMT__SNMP_READ_PDU,    /* m->pdu is the answer, as secure as was asked */
    DRMGMT__SNMP_READ_AGAIN,  /* the engine, or its time, was learnt: the question is to be sent again */
    DRMGMT__SNMP_READ_REFUSED /* *refusal says why: the agent reported it */
} drmgmt__snmp_reading;

typedef struct drmgmt__snmp_refusal {
    const char *code, *message;
    bool retryable;
} drmgmt__snmp_refusal;

/* The i-th of all there are; NULL: there are no more. */
const drmgmt__snmp_refusal *drmgmt__snmp_refusal_at(size_t i);

/* Reads what came for a question whose engine, and whose time, was learnt already as *engine_learnt and *time_learnt
 * tell: each is learnt once a question, so that no agent can keep it going for ever. RFC 3414, section 3.2. */
drmgmt__snmp_reading drmgmt__snmp_security_read(drmgmt__snmp_security *s, drmgmt__snmp_message *m, uint64_t now_ms,
                                                uint8_t *packet, size_t length, uint8_t *scratch, size_t room,
                                                bool *engine_learnt, bool *time_learnt,
                                                const drmgmt__snmp_refusal **refusal);

#endif
