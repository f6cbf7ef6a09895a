"""The server itself, and its pages."""
from matrix_rows.row import Row

SAME_FOR_ALL = "tells about the process, and the same to everybody"
ASSET = "a page or file from disk"

KINDS = {}

ROWS = {
    "GET /health": [Row(public=SAME_FOR_ALL)],
    "GET /readyz": [Row(public=SAME_FOR_ALL)],
    "GET /.well-known/jwks.json": [Row(public="public keys, the same for everybody")],
    "GET /metrics": [Row(public="counts routes, not tenants")],
    "GET /openapi.json": [Row(public=SAME_FOR_ALL)],
    "GET /docs": [Row(public=ASSET)],
    "GET /docs/init.js": [Row(public=ASSET)],
    "GET /docs/{file}": [Row(public=ASSET)],
    "GET /redoc": [Row(public=ASSET)],
    "GET /redoc/{file}": [Row(public=ASSET)],
}
