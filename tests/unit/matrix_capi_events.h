/* The rows of events and of the trap listener (drm/event.h, drm/trap.h). Included by matrix_capi_rows.h. */
#ifndef MATRIX_CAPI_EVENTS_H
#define MATRIX_CAPI_EVENTS_H

#include "matrix_capi.h"
#include <drm/event.h>
#include <drm/trap.h>

TENANT_CALL(drmgmt_event_list, DRMGMT_PERM_EVENT_READ, LISTS, 0)
{
    return list_with(w, drmgmt_event_list, "event", error);
}

TENANT_CALL(drmgmt_event_stream_open, DRMGMT_PERM_EVENT_READ, NAMES, 0)
{
    drmgmt_event_stream *stream = NULL;
    int rc = drmgmt_event_stream_open(w->session, NULL, w->of->device, NULL, &stream, error);

    drmgmt_event_stream_free(stream);
    return rc;
}

TENANT_CALL(events_of_all_devices, DRMGMT_PERM_EVENT_READ, OWN, 0)
{
    drmgmt_event_stream *stream = NULL;
    int rc = drmgmt_event_stream_open(w->session, "snmp.*", NULL, NULL, &stream, error);

    drmgmt_event_stream_free(stream);
    return rc;
}

static const char listener[] = "of the process, which holds the keyring: test_traps.py";

NO_TENANT(drmgmt_event_stream_free, memory);
NO_TENANT(drmgmt_event_stream_next, "what the stream, which was allowed, is about: test_events.py");
NO_TENANT(drmgmt_event_stream_position, told);
NO_TENANT(drmgmt_event_stream_wake, memory);
NO_TENANT(drmgmt_metrics_text, "sums over all tenants, without names: test_metrics.py");
NO_TENANT(drmgmt_trap_listener_add, listener);
NO_TENANT(drmgmt_trap_listener_address, listener);
NO_TENANT(drmgmt_trap_listener_free, memory);
NO_TENANT(drmgmt_trap_listener_new, listener);
NO_TENANT(drmgmt_trap_listener_run, listener);
NO_TENANT(drmgmt_trap_listener_set_rate, listener);
NO_TENANT(drmgmt_trap_listener_stats_get, listener);
NO_TENANT(drmgmt_trap_listener_stop, listener);

#endif
