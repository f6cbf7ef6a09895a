/* Symbol visibility and ABI markers. Everything installed is marked DRMGMT_API; the rest of the
 * library is hidden (compiled with -fvisibility=hidden) and left out of the symbol map. */
#ifndef DRMGMT_EXPORT_H
#define DRMGMT_EXPORT_H

#if defined(__GNUC__)
#define DRMGMT_API               __attribute__((visibility("default")))
#define DRMGMT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define DRMGMT_NODISCARD         __attribute__((warn_unused_result))
#else
#define DRMGMT_API
#define DRMGMT_PRINTF(fmt, args)
#define DRMGMT_NODISCARD
#endif

#ifdef __cplusplus
#define DRMGMT_BEGIN extern "C" {
#define DRMGMT_END   }
#else
#define DRMGMT_BEGIN
#define DRMGMT_END
#endif

#endif
