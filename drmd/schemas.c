/* The table of schemas.h. */
#include "schemas.h"

#define STRING(max) "{\"type\":\"string\",\"minLength\":1,\"maxLength\":" #max "}"
#define OBJECT      "\"type\":\"object\",\"additionalProperties\":false,"
#define BOOL        "{\"type\":\"boolean\"}"
#define UUID        "{\"type\":\"string\",\"format\":\"uuid\"}"
#define TEXT        "{\"type\":\"string\"}"
#define INTEGER     "{\"type\":\"integer\"}"

const drmd_schema drmd_schemas[] = {
    { "Problem",
      "{\"type\":\"object\",\"description\":\"Problem details, RFC "
      "9457\",\"required\":[\"type\",\"title\",\"status\",\"request_id\"],"
      "\"properties\":{\"type\":{\"type\":\"string\",\"examples\":[\"urn:drmgmt:problem:not-found\",\"about:blank\"]},"
      "\"title\":" TEXT ",\"status\":" INTEGER ",\"detail\":" TEXT ",\"instance\":" TEXT
      ",\"field\":{\"type\":\"string\",\"description\":\"The field it is about\"},\"request_id\":" TEXT "}}" },
    { "Login",
      "{" OBJECT "\"required\":[\"email\",\"password\"],\"properties\":{\"email\":" STRING(
          320) ",\"password\":{\"type\":\"string\",\"format\":\"password\",\"minLength\":1,\"maxLength\":1024},"
               "\"tenant\":{\"type\":\"string\",\"maxLength\":200,"
               "\"description\":\"Name of the tenant, when the address has users in several\"}}}" },
    { "RefreshToken",
      "{" OBJECT "\"required\":[\"refresh_token\"],\"properties\":{\"refresh_token\":" STRING(1024) "}}" },
    { "Tokens", "{\"type\":\"object\",\"required\":[\"access_token\",\"token_type\",\"expires_in\",\"refresh_token\"],"
                "\"properties\":{"
                "\"access_token\":" TEXT
                ",\"token_type\":{\"const\":\"bearer\"},\"expires_in\":{\"type\":\"integer\",\"description\":"
                "\"Seconds\"},\"refresh_token\":{\"type\":\"string\",\"description\":\"Good for one "
                "use\"},\"refresh_expires_in\":" INTEGER "}}" },
    { "Whoami", "{\"type\":\"object\",\"required\":[\"tenant_id\",\"tenant\",\"user_id\",\"email\",\"role\",\"auth\"],"
                "\"properties\":{\"tenant_id\":" UUID ",\"tenant\":" TEXT ",\"user_id\":" UUID ",\"email\":" TEXT
                ",\"role\":{\"enum\":[\"viewer\",\"operator\",\"administrator\"]},\"auth\":" TEXT "}}" },
    { "ApiKeyCreate", "{" OBJECT "\"required\":[\"label\"],\"properties\":{\"label\":" STRING(200) "}}" },
    { "ApiKeyCreated", "{\"allOf\":[{\"$ref\":\"#/components/schemas/"
                       "ApiKey\"},{\"type\":\"object\",\"required\":[\"id\",\"key\"],\"properties\":{"
                       "\"key\":{\"type\":\"string\",\"description\":\"Told this once: keep it\"}}}]}" },
    { "JobEnqueue",
      "{" OBJECT "\"required\":[\"device_id\"],\"properties\":{\"device_id\":" UUID ",\"params\":{\"type\":\"object\"},"
      "\"priority\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9,\"default\":5},\"timeout_ms\":" INTEGER
      ",\"max_attempts\":" INTEGER "}}" },
    { "JobAccepted",
      "{\"type\":\"object\",\"required\":[\"job_id\",\"status\"],\"properties\":{\"job_id\":" UUID ",\"status\":" TEXT
      ",\"device_id\":" UUID ",\"protocol\":" TEXT ",\"operation\":" TEXT
      ",\"created_at\":{\"type\":\"string\",\"format\":"
      "\"date-time\"},\"location\":{\"type\":\"string\",\"format\":\"uri-reference\"},\"events\":{\"type\":\"string\","
      "\"format\":\"uri-reference\"}}}" },
    { "Health", "{\"type\":\"object\",\"required\":[\"status\"],\"properties\":{\"status\":{\"const\":\"ok\"}}}" },
    { "Readiness", "{\"type\":\"object\",\"required\":[\"status\"],\"properties\":{\"status\":{\"enum\":[\"ready\","
                   "\"unavailable\"]},"
                   "\"database\":" BOOL ",\"schema_current\":" BOOL ",\"redis\":" BOOL ",\"pooler\":" BOOL
                   ",\"stopping\":" BOOL "}}" },
};

const size_t drmd_n_schemas = sizeof drmd_schemas / sizeof drmd_schemas[0];
