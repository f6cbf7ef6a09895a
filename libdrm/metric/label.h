/* Labels as the Prometheus text has them. Shared by metric.c and text.c. Internal. */
#ifndef DRMGMT_METRIC_LABEL_H
#define DRMGMT_METRIC_LABEL_H

#include "core/strbuf.h"

/* name="value", with a comma before it unless b is empty. */
void drmgmt__metric_label(drmgmt__strbuf *b, const char *name, const char *value);

#endif
