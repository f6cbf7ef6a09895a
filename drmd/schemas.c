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
      ",\"field\":{\"type\":\"string\",\"description\":\"The field it is about\"},\"tenants\":{\"type\":\"array\","
      "\"items\":{\"type\":\"string\"},\"description\":\"Of a log-in that is good in several: name one of "
      "them\"},\"request_id\":" TEXT
      ",\"quota\":{\"type\":\"string\",\"description\":\"The tenant's quota that is used up\"},\"limit\":" INTEGER
      ",\"used\":" INTEGER "}}" },
    { "Quotas",
      "{\"type\":\"object\",\"required\":[\"items\"],\"properties\":{\"items\":{\"type\":\"array\",\"items\":{"
      "\"type\":\"object\",\"required\":[\"quota\",\"limit\",\"used\"],\"properties\":{\"quota\":{\"enum\":["
      "\"devices\",\"queued_jobs\",\"running_jobs\",\"api_requests\"]},\"limit\":{\"type\":[\"integer\",\"null\"],"
      "\"description\":\"Null: no limit\"},\"used\":{\"type\":[\"integer\",\"null\"],\"description\":\"Of API "
      "requests those of this minute; null: none was counted\"}}}}}}" },
    { "Login",
      "{" OBJECT "\"required\":[\"email\",\"password\"],\"properties\":{\"email\":" STRING ",\"password\":" PASSWORD
      ",\"tenant\":{\"type\":\"string\","
      "\"description\":\"Name of the tenant, when the address has users in several\"},\"second_factor\":{\"type\":"
      "\"string\",\"description\":\"A one-time code or a recovery code, when the user has a second factor\"}}}" },
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
                ",\"role\":" ROLE ",\"permissions\":" TEXTS ",\"scoped_permissions\":" TEXTS ",\"auth\":" TEXT "}}" },
    { "PermissionTable",
      "{\"type\":\"object\",\"required\":[\"permissions\"],\"properties\":{\"permissions\":{\"type\":\"array\","
      "\"items\":{\"type\":\"object\",\"required\":[\"name\",\"description\",\"role\",\"tenant\",\"platform\","
      "\"on_devices\"],\"properties\":{\"name\":" TEXT ",\"description\":" TEXT ",\"role\":" ROLE
      ",\"tenant\":{\"type\":\"boolean\"},\"platform\":{\"type\":\"boolean\"},\"on_devices\":{\"type\":"
      "\"boolean\"}}}}}}" },
    { "SecondFactor", "{\"type\":\"object\",\"required\":[\"enabled\",\"required\",\"pending\",\"recovery_codes_left\"]"
                      ",\"properties\":{"
                      "\"enabled\":" BOOL ",\"required\":{\"type\":\"boolean\",\"description\":\"By the tenant\"},"
                      "\"pending\":{\"type\":\"boolean\",\"description\":\"An enrolment waits to be confirmed\"},"
                      "\"recovery_codes_left\":" INTEGER "}}" },
    { "SecondFactorBegin", "{" OBJECT "\"properties\":{\"code\":{\"type\":[\"string\",\"null\"],\"description\":"
                           "\"Needed when there is a second factor already\"}}}" },
    { "SecondFactorCode", "{" OBJECT "\"required\":[\"code\"],\"properties\":{\"code\":" STRING "}}" },
    { "Enrolment", "{\"type\":\"object\",\"required\":[\"secret\",\"uri\"],\"properties\":{\"secret\":{\"type\":"
                   "\"string\",\"description\":\"Base32, to be typed in\"},\"uri\":{\"type\":\"string\",\"format\":"
                   "\"uri\",\"description\":\"otpauth://totp/..., to be shown as a QR code\"}}}" },
    { "RecoveryCodes", "{\"type\":\"object\",\"required\":[\"recovery_codes\"],\"properties\":{\"recovery_codes\":"
                       "{\"type\":\"array\",\"items\":" TEXT "}}}" },
    { "UserInvited",
      "{\"allOf\":[{\"$ref\":\"#/components/schemas/"
      "User\"},{\"type\":\"object\",\"required\":[\"invitation\"],\"properties\":{\"invitation\":{\"type\":[\"string\","
      "\"null\"],\"description\":\"The token by which the person sets the password; told this once, good for seven "
      "days "
      "and one use; null when a password was given\"}}}]}" },
    { "PasswordReset",
      "{" OBJECT "\"properties\":{\"password\":{\"type\":[\"string\",\"null\"],\"format\":\"password\","
      "\"minLength\":12,\"maxLength\":1024,\"description\":\"Left out: an invitation is made\"}}}" },
    { "PasswordChange", "{" OBJECT "\"required\":[\"old_password\",\"new_password\"],\"properties\":{\"old_password\":"
                        "{\"type\":\"string\",\"format\":\"password\",\"minLength\":1},\"new_password\":{\"type\":"
                        "\"string\",\"format\":\"password\",\"minLength\":12,\"maxLength\":1024}}}" },
    { "InvitationToken", "{" OBJECT "\"required\":[\"token\"],\"properties\":{\"token\":" STRING "}}" },
    { "AcceptInvitation", "{" OBJECT "\"required\":[\"token\",\"password\"],\"properties\":{\"token\":" STRING
                          ",\"password\":{\"type\":\"string\",\"format\":\"password\",\"minLength\":12,\"maxLength\":"
                          "1024}}}" },
    { "Switch",
      "{" OBJECT "\"required\":[\"tenant\",\"refresh_token\"],\"properties\":{\"tenant\":{\"type\":\"string\","
      "\"minLength\":1,\"description\":\"Name or id\"},\"refresh_token\":" STRING
      ",\"second_factor\":{\"type\":[\"string\",\"null\"],\"description\":\"Where the other tenant's user has "
      "one\"}}}" },
    { "OwnTenants",
      "{\"type\":\"object\",\"required\":[\"tenants\"],\"properties\":{\"tenants\":{\"type\":\"array\","
      "\"items\":{\"type\":\"object\",\"required\":[\"tenant_id\",\"tenant\",\"current\"],\"properties\":{"
      "\"tenant_id\":" UUID ",\"tenant\":" TEXT ",\"current\":" BOOL "}}}}}" },
    { "ApiKeyCreated", "{\"allOf\":[{\"$ref\":\"#/components/schemas/"
                       "ApiKey\"},{\"type\":\"object\",\"required\":[\"id\",\"key\"],\"properties\":{"
                       "\"key\":{\"type\":\"string\",\"description\":\"Told this once: keep it\"}}}]}" },
    { "JobAccepted",
      "{\"type\":\"object\",\"required\":[\"job_id\",\"status\"],\"properties\":{\"job_id\":" UUID ",\"status\":" TEXT
      ",\"device_id\":" UUID ",\"protocol\":" TEXT ",\"operation\":" TEXT
      ",\"created_at\":{\"type\":\"string\",\"format\":"
      "\"date-time\"},\"location\":{\"type\":\"string\",\"format\":\"uri-reference\"},\"events\":{\"type\":\"string\","
      "\"format\":\"uri-reference\"}}}" },
    { "Runs",
      "{\"type\":\"object\",\"required\":[\"items\"],\"properties\":{\"items\":{\"type\":\"array\",\"items\":{\"type\":"
      "\"object\",\"required\":[\"at\",\"local\"],\"properties\":{\"at\":{\"type\":\"string\",\"format\":\"date-time\"}"
      ","
      "\"local\":" TEXT "}}}}}" },
    { "Repetition", "{" OBJECT "\"properties\":{\"acknowledge_uncertain\":{\"type\":[\"boolean\",\"null\"],"
                    "\"description\":\"Also when the device may have carried it out already\"}}}" },
    { "AuditReport",
      "{\"type\":\"object\",\"required\":[\"tenant_id\",\"intact\",\"links\",\"rows\",\"pending\",\"head\",\"flaw\"],"
      "\"properties\":{\"tenant_id\":" UUID ",\"intact\":" BOOL ",\"links\":" INTEGER ",\"rows\":" INTEGER
      ",\"pending\":{\"type\":\"integer\",\"description\":\"Rows that wait for their link\"},\"head\":{\"type\":"
      "\"string\",\"description\":\"Keep it elsewhere and give it to the next verification\"},\"flaw\":{\"type\":["
      "\"object\",\"null\"],\"properties\":{\"kind\":" TEXT ",\"link\":{\"type\":[\"integer\",\"null\"]},\"row_id\":{"
      "\"type\":[\"string\",\"null\"],\"format\":\"uuid\"},\"text\":" TEXT "}}}}" },
    { "KeySet",
      "{\"type\":\"object\",\"description\":\"JSON Web Key Set, RFC "
      "7517\",\"required\":[\"keys\"],\"properties\":{\"keys\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
      "\"required\":[\"kty\",\"crv\",\"alg\",\"use\",\"kid\",\"x\"],\"properties\":{\"kty\":{\"const\":\"OKP\"},"
      "\"crv\":{\"const\":\"Ed25519\"},\"alg\":{\"const\":\"EdDSA\"},\"use\":{\"const\":\"sig\"},\"kid\":" TEXT
      ",\"x\":{\"type\":\"string\",\"description\":\"The public key, base64url\"}}}}}}" },
    { "Health", "{\"type\":\"object\",\"required\":[\"status\"],\"properties\":{\"status\":{\"const\":\"ok\"}}}" },
    { "Readiness", "{\"type\":\"object\",\"required\":[\"status\"],\"properties\":{\"status\":{\"const\":\"ready\"},"
                   "\"database\":" BOOL ",\"schema_current\":" BOOL ",\"redis\":" BOOL ",\"pooler\":" BOOL "}}" },
};

const size_t drmd_n_schemas = sizeof drmd_schemas / sizeof drmd_schemas[0];
