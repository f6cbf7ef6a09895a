/* The table of schemas.h. */
#include "schemas.h"

#define STRING   "{\"type\":\"string\",\"minLength\":1}"
#define OBJECT   "\"type\":\"object\",\"additionalProperties\":false,"
#define BOOL     "{\"type\":\"boolean\"}"
#define UUID     "{\"type\":\"string\",\"format\":\"uuid\"}"
#define PASSWORD "{\"type\":\"string\",\"format\":\"password\",\"minLength\":1}"
#define ROLE     "{\"enum\":[\"none\",\"viewer\",\"operator\",\"administrator\"]}"
#define TEXTS    "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"
#define TEXT     "{\"type\":\"string\"}"
#define INTEGER  "{\"type\":\"integer\"}"

const drmd_schema drmd_schemas[] = {
    { "Problem",
      "{\"type\":\"object\",\"description\":\"Problem details, RFC "
      "9457\",\"required\":[\"type\",\"title\",\"status\",\"request_id\"],"
      "\"properties\":{\"type\":{\"type\":\"string\",\"examples\":[\"urn:drmgmt:problem:not-found\",\"about:blank\"]},"
      "\"title\":" TEXT ",\"status\":" INTEGER ",\"detail\":" TEXT ",\"instance\":" TEXT
      ",\"field\":{\"type\":\"string\",\"description\":\"The field it is about\"},\"request_id\":" TEXT "}}" },
    { "Login", "{" OBJECT "\"required\":[\"email\",\"password\"],\"properties\":{\"email\":" STRING
               ",\"password\":" PASSWORD ",\"tenant\":{\"type\":\"string\","
               "\"description\":\"Name of the tenant, when the address has users in several\"}}}" },
    { "TenantCreate", "{" OBJECT "\"required\":[\"name\",\"email\",\"password\"],\"properties\":{\"name\":" STRING
                      ",\"email\":" STRING ",\"password\":" PASSWORD "}}" },
    { "Register", "{" OBJECT "\"required\":[\"tenant\",\"email\",\"password\"],\"properties\":{\"tenant\":" STRING
                  ",\"email\":" STRING ",\"password\":" PASSWORD "}}" },
    { "RefreshToken", "{" OBJECT "\"required\":[\"refresh_token\"],\"properties\":{\"refresh_token\":" STRING "}}" },
    { "Tokens", "{\"type\":\"object\",\"required\":[\"access_token\",\"token_type\",\"expires_in\",\"refresh_token\"],"
                "\"properties\":{"
                "\"access_token\":" TEXT
                ",\"token_type\":{\"const\":\"bearer\"},\"expires_in\":{\"type\":\"integer\",\"description\":"
                "\"Seconds\"},\"refresh_token\":{\"type\":\"string\",\"description\":\"Good for one "
                "use\"},\"refresh_expires_in\":" INTEGER "}}" },
    { "Whoami", "{\"type\":\"object\",\"required\":[\"tenant_id\",\"tenant\",\"user_id\",\"email\",\"role\","
                "\"permissions\",\"auth\"],"
                "\"properties\":{\"tenant_id\":" UUID ",\"tenant\":" TEXT ",\"user_id\":" UUID ",\"email\":" TEXT
                ",\"role\":" ROLE ",\"permissions\":" TEXTS ",\"auth\":" TEXT "}}" },
    { "PermissionTable",
      "{\"type\":\"object\",\"required\":[\"permissions\"],\"properties\":{\"permissions\":{\"type\":\"array\","
      "\"items\":{\"type\":\"object\",\"required\":[\"name\",\"description\",\"role\",\"tenant\",\"platform\","
      "\"on_devices\"],\"properties\":{\"name\":" TEXT ",\"description\":" TEXT ",\"role\":" ROLE
      ",\"tenant\":{\"type\":\"boolean\"},\"platform\":{\"type\":\"boolean\"},\"on_devices\":{\"type\":"
      "\"boolean\"}}}}}}" },
    { "ApiKeyCreated", "{\"allOf\":[{\"$ref\":\"#/components/schemas/"
                       "ApiKey\"},{\"type\":\"object\",\"required\":[\"id\",\"key\"],\"properties\":{"
                       "\"key\":{\"type\":\"string\",\"description\":\"Told this once: keep it\"}}}]}" },
    { "JobAccepted",
      "{\"type\":\"object\",\"required\":[\"job_id\",\"status\"],\"properties\":{\"job_id\":" UUID ",\"status\":" TEXT
      ",\"device_id\":" UUID ",\"protocol\":" TEXT ",\"operation\":" TEXT
      ",\"created_at\":{\"type\":\"string\",\"format\":"
      "\"date-time\"},\"location\":{\"type\":\"string\",\"format\":\"uri-reference\"},\"events\":{\"type\":\"string\","
      "\"format\":\"uri-reference\"}}}" },
    { "Health", "{\"type\":\"object\",\"required\":[\"status\"],\"properties\":{\"status\":{\"const\":\"ok\"}}}" },
    { "Readiness", "{\"type\":\"object\",\"required\":[\"status\"],\"properties\":{\"status\":{\"const\":\"ready\"},"
                   "\"database\":" BOOL ",\"schema_current\":" BOOL ",\"redis\":" BOOL ",\"pooler\":" BOOL "}}" },
};

const size_t drmd_n_schemas = sizeof drmd_schemas / sizeof drmd_schemas[0];
