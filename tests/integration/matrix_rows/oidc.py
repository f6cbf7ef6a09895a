"""Log-in by OpenID Connect, and its providers."""
from matrix_rows.row import Kind, Row, posted, unique

BY_ISSUER = "the issuer's answer is the log-in, and who begins one is sent to the issuer: test_oidc.py, also with other tenants' providers"


def provider_body(_person):
    return {"name": unique("provider"), "issuer": "https://id.example", "client_id": unique("client"), "client_secret": unique("secret"),
            "redirect_uri": "https://drm.example/callback"}


KINDS = {
    "oidc_provider": Kind(posted("/api/v1/oidc-providers", provider_body), names=("id", "name")),
}

ROWS = {
    "GET /api/v1/auth/oidc/{tenant}/{provider}/start": [Row(public=BY_ISSUER)],
    "GET /api/v1/auth/oidc/{tenant}/{provider}/callback": [Row(public=BY_ISSUER)],
    "GET /api/v1/auth/oidc/callback": [Row(public=BY_ISSUER)],

    "GET /api/v1/oidc-providers": [Row(lists="oidc_provider", filters={"name": "name"})],
    "POST /api/v1/oidc-providers": [Row(body=provider_body)],
    "GET /api/v1/oidc-providers/{id}": [Row("oidc_provider", names=("id", "name"))],
    "PATCH /api/v1/oidc-providers/{id}": [Row("oidc_provider", names=("id", "name"), body=lambda _: {"scopes": "openid"})],
    "DELETE /api/v1/oidc-providers/{id}": [Row("oidc_provider", names=("id", "name"), spends=True)],
}
