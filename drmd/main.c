/* drmd's entry: its own flags, start and stop; what it has in common with drm-worker is common/program's. The REST
 * server itself is in server.c. */
#include "drmd.h"
#include "program.h"
#include "routes.h"
#include <arpa/inet.h>
#include <malloc.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const char usage[] =
    "Usage: drmd [OPTION]...\n"
    "Serves the REST interface of drmgmt over plain HTTP; put a TLS proxy in front of it.\n"
    "\n"
    "  --listen HOST:PORT    address to listen on, IPv4; port 0 takes a free one (127.0.0.1:8080)\n"
    "  --database-url URL    PostgreSQL, as the application role (DRM_APP_DATABASE_URL)\n"
    "  --redis-url URL       Redis: doorbell and events (DRM_REDIS_URL)\n"
    "  --keyring FILE        the keyring made by \"drmctl init\" (DRM_KEYRING)\n"
    "  --docs DIR            pages made by scripts/build-docs, for /docs and /redoc\n"
    "  --threads N           connections served at once, 4..4096 (256); above it 503\n"
    "  --pool N              PostgreSQL connections held, 1..1000 (8)\n"
    "  --outbound-allow R    let all tenants' URLs lead to these special addresses, CIDR[:PORT[-PORT]][/udp or /tcp];\n"
    "                        may be repeated; rules of one tenant: drmctl outbound\n"
    "  --client-timeout N    seconds a client may be silent in the middle of a request or response, 1..600 (15)\n"
    "  --allow-registration  let anybody make a tenant of their own (POST /api/v1/auth/register)\n"
    "  --cors-origin ORIGIN  allow this origin to call from a browser; may be repeated\n"
    "  --trusted-proxy CIDR  believe what this address or network says in X-Forwarded-For; may be repeated\n"
    "  --log-level LEVEL     error, warning, info or debug (info)\n"
    "  --port-file FILE      write \"http://HOST:PORT\" there once it listens\n"
    "  --routes              show every route with its permission as JSON, and end\n"
    "  --version, --help\n"
    "\n"
    "Flags win over the environment. SIGTERM or SIGINT: requests may finish, at most 10 s; a second one ends it at "
    "once.\n"
    "A changed keyring is read anew within a second, or at SIGHUP.\n"
    "Exit codes: 0 stopped as asked, 1 failure, 2 usage, 6 the address cannot be listened on.\n"
    "\n"
    "Example: drmd --listen 127.0.0.1:8080 --keyring /etc/drmgmt/keyring --redis-url redis://127.0.0.1/0\n";

enum option_id {
    OPT_LISTEN = PROGRAM_OPT_OWN,
    OPT_DOCS,
    OPT_THREADS,
    OPT_CLIENT_TIMEOUT,
    OPT_CORS,
    OPT_PROXY,
    OPT_PORT_FILE,
    OPT_ROUTES,
    OPT_REGISTRATION
};

static const struct option options[] = {
    { "listen", required_argument, NULL, OPT_LISTEN },
    PROGRAM_OPTIONS,
    { "docs", required_argument, NULL, OPT_DOCS },
    { "threads", required_argument, NULL, OPT_THREADS },
    { "client-timeout", required_argument, NULL, OPT_CLIENT_TIMEOUT },
    { "allow-registration", no_argument, NULL, OPT_REGISTRATION },
    { "cors-origin", required_argument, NULL, OPT_CORS },
    { "trusted-proxy", required_argument, NULL, OPT_PROXY },
    { "port-file", required_argument, NULL, OPT_PORT_FILE },
    { "routes", no_argument, NULL, OPT_ROUTES },
    { NULL, 0, NULL, 0 },
};

/* HOST:PORT, where HOST has an IPv4 address: CivetWeb as Debian builds it knows no other. */
static bool parse_listen(drmd_config *config, const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[256];
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof host)
        return program_complain("--listen", text, "HOST:PORT is wanted");
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    if (strchr(host, ':'))
        return program_complain("--listen", text, "an IPv4 address is wanted; for IPv6 put a proxy in front");
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found = NULL;
    if (getaddrinfo(host, NULL, &hints, &found))
        return program_complain("--listen", text, "the host has no IPv4 address");
    const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)found->ai_addr;
    inet_ntop(AF_INET, &address->sin_addr, config->host, sizeof config->host);
    freeaddrinfo(found);
    return program_number("--listen", colon + 1, 0, 65535, &config->port);
}

static bool add_origin(drmd_config *config, const char *origin)
{
    bool scheme = strncmp(origin, "http://", 7) == 0 || strncmp(origin, "https://", 8) == 0;
    const char *host = scheme ? strstr(origin, "://") + 3 : "";
    if (!*host || strpbrk(host, "/*?# \r\n"))
        return program_complain("--cors-origin", origin,
                                "an exact origin such as https://console.example.net is wanted");
    if (config->n_cors_origins == DRMD_COUNT(config->cors_origins))
        return program_complain("--cors-origin", origin, "there are too many of these");
    config->cors_origins[config->n_cors_origins++] = origin;
    return true;
}

static bool apply(void *user, int id, const char *value)
{
    drmd_config *config = user;
    switch (id) {
    case OPT_LISTEN:
        return parse_listen(config, value);
    case OPT_DOCS:
        config->docs = value;
        return true;
    case OPT_THREADS:
        return program_number("--threads", value, 4, 4096, &config->threads);
    case OPT_CLIENT_TIMEOUT:
        return program_number("--client-timeout", value, 1, 600, &config->client_timeout);
    case OPT_REGISTRATION:
        config->allow_registration = true;
        return true;
    case OPT_CORS:
        return add_origin(config, value);
    case OPT_PROXY:
        return drmd_proxy_add(config, value);
    case OPT_PORT_FILE:
        config->port_file = value;
        return true;
    case OPT_ROUTES:
        config->show_routes = true;
        return true;
    default:
        return false;
    }
}

static int show(const void *user)
{
    const drmd_config *config = user;
    return config->show_routes ? drmd_routes_print() : -1;
}

static void wait_for_stop(drmd_server *server, const sigset_t *signals)
{
    for (;;) {
        int got = sigtimedwait(signals, NULL, &(struct timespec){ .tv_sec = PROGRAM_LOOK_SECONDS });
        if (got == SIGTERM || got == SIGINT) {
            drmd_log(DRMGMT_LOG_INFO, "stopping", "signal", got == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
            return;
        }
        program_look_at_keyring(server->context, got == SIGHUP);
        drmd_server_watch(server);
    }
}

/* A second signal ends the process by its default action while the stop goes on. */
static void allow_second_signal(const sigset_t *signals)
{
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

static int serve(drmd_server *server)
{
    const drmd_config *config = &server->config;
    sigset_t signals;
    char url[96];
    program_block_stops(&signals);
    int code = program_open_context(&config->settings, &server->context);
    if (!code)
        code = drmd_server_start(server);
    snprintf(url, sizeof url, "http://%s:%u", config->host, server->port);
    if (!code && config->port_file)
        code = program_write_file("--port-file", config->port_file, url);
    if (!code) {
        if (config->settings.keyring)
            drmd_linker_start(server->context);
        drmd_log(DRMGMT_LOG_INFO, "drmd listens", "url", url, "version", DRMGMT_VERSION, NULL);
        wait_for_stop(server, &signals);
        allow_second_signal(&signals);
    }
    drmd_server_stop(server);
    drmd_linker_stop();
    drmgmt_context_free(server->context);
    drmd_server_free(server);
    if (!code)
        drmd_log(DRMGMT_LOG_INFO, "drmd stopped", NULL);
    return code;
}

int main(int argc, char **argv)
{
    static const program drmd = {
        .name = "drmd",
        .usage = usage,
        .options = options,
        .pool_least = 1,
        .apply = apply,
        .show = show,
        .library = "CivetWeb",
        .library_version = mg_version,
    };
    static drmd_server server;
    server.config =
        (drmd_config){ .host = "127.0.0.1", .port = 8080, .settings.pool = 8, .threads = 256, .client_timeout = 15 };
    int code = program_configure(&drmd, &server.config.settings, &server.config, argc, argv);
    if (code >= 0)
        return code;
    mallopt(M_ARENA_MAX, 4); /* hundreds of threads, most of them idle: few arenas keep the memory small */
    drmd_log_init(server.config.settings.log_level);
    return serve(&server);
}
