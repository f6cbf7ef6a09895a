/* The rows of the inventory's functions. Included by matrix_capi_rows.h. */
#ifndef DRMGMT_TESTS_MATRIX_CAPI_PARAMETERS_H
#define DRMGMT_TESTS_MATRIX_CAPI_PARAMETERS_H

TENANT_CALL(drmgmt_device_parameters, DRMGMT_PERM_DEVICE_READ, NAMES, 0)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("parameter"));
    drmgmt_page *page = NULL;

    int rc = drmgmt_device_parameters(w->session, w->of->device, query, &page, error);
    drmgmt_page_free(page);
    drmgmt_query_free(query);
    return rc;
}

TENANT_CALL(drmgmt_parameter_list, DRMGMT_PERM_DEVICE_READ, LISTS, 0)
{
    return list_with(w, drmgmt_parameter_list, "parameter", error);
}

#endif
