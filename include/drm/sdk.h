/* All of drmgmt in one include. */
#ifndef DRMGMT_SDK_H
#define DRMGMT_SDK_H

#include <drm/audit.h>
#include <drm/batch.h>
#include <drm/context.h>
#include <drm/db.h>
#include <drm/device.h>
#include <drm/driver.h>
#include <drm/error.h>
#include <drm/event.h>
#include <drm/job.h>
#include <drm/key.h>
#include <drm/log.h>
#include <drm/metrics.h>
#include <drm/oidc.h>
#include <drm/options.h>
#include <drm/outbound.h>
#include <drm/parameter.h>
#include <drm/quota.h>
#include <drm/record.h>
#include <drm/role.h>
#include <drm/schedule.h>
#include <drm/second_factor.h>
#include <drm/session.h>
#include <drm/tenant.h>
#include <drm/tenant_settings.h>
#include <drm/trap.h>
#include <drm/user.h>
#include <drm/version.h>
#include <drm/worker.h>

#endif
