/* Thousands of SNMP agents in one process of drm-bench's own, faster than any client: what the driver is held against.
 * agents.c starts and stops it and moves the datagrams; agents_answer.c answers versions 1 and 2c, agents_usm.c puts
 * version 3 around it (authPriv: SHA-1 and AES-128). */
#ifndef DRM_BENCH_AGENTS_H
#define DRM_BENCH_AGENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bench;

/* The one user of all of them, and its passphrase for both keys. */
#define AGENTS_USER       "bench"
#define AGENTS_PASSPHRASE "of-the-benchmark"

enum {
    AGENTS_COLUMNS = 22,
    AGENTS_ROWS = 48, /* of the one table they have: ifTable, 1.3.6.1.2.1.2.2 */
    AGENTS_VARBINDS = AGENTS_COLUMNS * AGENTS_ROWS,
    AGENTS_ADDRESS = 16,        /* "127.64.0.1" with its NUL */
    AGENTS_DATAGRAM_MAX = 4096, /* in and out; what does not fit is cut (GETBULK) or not answered */
};

typedef struct agents {
    pid_t pid; /* 0: none runs */
    unsigned port;
} agents;

/* Starts the process; it ends with drm-bench at the latest. False after a message. */
bool agents_start(struct bench *b, agents *a);
void agents_stop(agents *a);
/* The address of the i-th agent (up to 2 million), and of the i-th that is silent: datagrams to it vanish. */
void agents_address(size_t i, char text[AGENTS_ADDRESS]);
void agents_silent_address(size_t i, char text[AGENTS_ADDRESS]);
/* The first n of them as one array, to be freed; NULL when memory is out. Writing addresses is slower than asking. */
char (*agents_addresses(size_t n, bool silent))[AGENTS_ADDRESS];

/* ---- between the three files ---- */
/* A place in a message. */
typedef struct agents_cursor {
    const uint8_t *at, *end;
} agents_cursor;
/* Steps over the next value: its content, bounded by what is there. False: there is none with this tag (0: any). */
bool agents_next(agents_cursor *c, uint8_t tag, agents_cursor *content);
bool agents_next_int(agents_cursor *c, long *value);
/* Writes a tag and a length of always three bytes, so that heads have a fixed size (BER allows it). */
enum { AGENTS_HEAD = 4 };
void agents_head(uint8_t *at, uint8_t tag, size_t length);

/* agents_answer.c */
void agents_answer_init(void); /* once, before the first answer */
/* Answers a PDU (with its tag) by a response PDU of at most room bytes. 0: it is none that is answered. */
size_t agents_answer_pdu(agents_cursor pdu, uint8_t *out, size_t room);
/* A whole message of version 1 or 2c; any community is good. */
size_t agents_answer(const uint8_t *in, size_t n, uint8_t *out);

/* agents_usm.c */
bool agents_usm_init(void); /* false: no digest or cipher is to be had */
/* A message of version 3 to the agent of this address (network byte order). */
size_t agents_usm_answer(const uint8_t *in, size_t n, uint32_t address, uint8_t *out);

#endif
