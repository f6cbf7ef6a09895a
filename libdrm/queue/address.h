/* The parts of a Redis URL. Called by redis.c; the password lives on its stack only. Internal. */
#ifndef DRMGMT_QUEUE_ADDRESS_H
#define DRMGMT_QUEUE_ADDRESS_H

typedef struct drmgmt__redis_address {
    char path[108]; /* of the Unix socket; "": TCP */
    char host[256], port[8];
    char user[128], password[512]; /* "": none */
    unsigned db;
} drmgmt__redis_address;

/* NULL, or what is wrong with the URL (a text without any part of it). Wipe the address after use. */
const char *drmgmt__redis_address_parse(const char *url, drmgmt__redis_address *address);

#endif
