/* Cleanup attributes for what C code of this project holds for a moment. Internal. */
#ifndef DRMGMT_CORE_CLEANUP_H
#define DRMGMT_CORE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define DRMGMT__CLEANUP(fn) __attribute__((cleanup(fn)))
#define DRMGMT__DEFINE_CLEANUP(name, type, free_fn)                                                                    \
    static inline void name(type *p)                                                                                   \
    {                                                                                                                  \
        if (*p)                                                                                                        \
            free_fn(*p);                                                                                               \
    }

static inline void drmgmt__freep(void *p)
{
    free(*(void **)p);
}
static inline void drmgmt__closep(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define DRMGMT__FREE  DRMGMT__CLEANUP(drmgmt__freep)
#define DRMGMT__CLOSE DRMGMT__CLEANUP(drmgmt__closep)

/* Hands a pointer over to the caller past its cleanup attribute. */
#define DRMGMT__STEAL(p)                                                                                               \
    (__extension__({                                                                                                   \
        __typeof__(p) stolen_ = (p);                                                                                   \
        (p) = NULL;                                                                                                    \
        stolen_;                                                                                                       \
    }))

#define DRMGMT__COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
