/* drmd's entry: flags and environment, signals, start and stop. The REST server itself is in server.c. */
#include "drmd.h"
#include "jsonlog.h"
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

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
    "  --client-timeout N    seconds a client may be silent in the middle of a request or response, 1..600 (15)\n"
    "  --cors-origin ORIGIN  allow this origin to call from a browser; may be repeated\n"
    "  --log-level LEVEL     error, warning, info or debug (info)\n"
    "  --port-file FILE      write \"http://HOST:PORT\" there once it listens\n"
    "  --version, --help\n"
    "\n"
    "Flags win over the environment. SIGTERM or SIGINT: requests may finish, at most 10 s; a second one ends it at "
    "once.\n"
    "Exit codes: 0 stopped as asked, 1 failure, 2 usage, 6 the address cannot be listened on.\n"
    "\n"
    "Example: drmd --listen 127.0.0.1:8080 --keyring /etc/drmgmt/keyring --redis-url redis://127.0.0.1/0\n";

enum option_id {
    OPT_LISTEN = 1,
    OPT_DATABASE,
    OPT_REDIS,
    OPT_KEYRING,
    OPT_DOCS,
    OPT_THREADS,
    OPT_POOL,
    OPT_CLIENT_TIMEOUT,
    OPT_CORS,
    OPT_LOG,
    OPT_PORT_FILE,
    OPT_VERSION,
    OPT_HELP
};

static const struct option options[] = {
    { "listen", required_argument, NULL, OPT_LISTEN },
    { "database-url", required_argument, NULL, OPT_DATABASE },
    { "redis-url", required_argument, NULL, OPT_REDIS },
    { "keyring", required_argument, NULL, OPT_KEYRING },
    { "docs", required_argument, NULL, OPT_DOCS },
    { "threads", required_argument, NULL, OPT_THREADS },
    { "pool", required_argument, NULL, OPT_POOL },
    { "client-timeout", required_argument, NULL, OPT_CLIENT_TIMEOUT },
    { "cors-origin", required_argument, NULL, OPT_CORS },
    { "log-level", required_argument, NULL, OPT_LOG },
    { "port-file", required_argument, NULL, OPT_PORT_FILE },
    { "version", no_argument, NULL, OPT_VERSION },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

static bool complain(const char *flag, const char *value, const char *wanted)
{
    fprintf(stderr, "drmd: %s %s: %s\n", flag, value, wanted);
    return false;
}

static bool parse_number(const char *flag, const char *text, unsigned low, unsigned high, unsigned *value)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || n < low || n > high) {
        fprintf(stderr, "drmd: %s %s: a number from %u to %u is wanted\n", flag, text, low, high);
        return false;
    }
    *value = (unsigned)n;
    return true;
}

/* HOST:PORT, where HOST has an IPv4 address: CivetWeb as Debian builds it knows no other. */
static bool parse_listen(drmd_config *config, const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[256];
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof host)
        return complain("--listen", text, "HOST:PORT is wanted");
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    if (strchr(host, ':'))
        return complain("--listen", text, "an IPv4 address is wanted; for IPv6 put a proxy in front");
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found = NULL;
    if (getaddrinfo(host, NULL, &hints, &found))
        return complain("--listen", text, "the host has no IPv4 address");
    const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)found->ai_addr;
    inet_ntop(AF_INET, &address->sin_addr, config->host, sizeof config->host);
    freeaddrinfo(found);
    return parse_number("--listen", colon + 1, 0, 65535, &config->port);
}

static bool add_origin(drmd_config *config, const char *origin)
{
    bool scheme = strncmp(origin, "http://", 7) == 0 || strncmp(origin, "https://", 8) == 0;
    const char *host = scheme ? strstr(origin, "://") + 3 : "";
    if (!*host || strpbrk(host, "/*?# \r\n"))
        return complain("--cors-origin", origin, "an exact origin such as https://console.example.net is wanted");
    if (config->n_cors_origins == DRMD_COUNT(config->cors_origins))
        return complain("--cors-origin", origin, "there are too many of these");
    config->cors_origins[config->n_cors_origins++] = origin;
    return true;
}

static bool set_log_level(drmd_config *config, const char *text)
{
    int level = jsonlog_level_parse(text);
    if (level < 0)
        return complain("--log-level", text, "error, warning, info or debug is wanted");
    config->log_level = (drmgmt_log_level)level;
    return true;
}

static bool apply(drmd_config *config, int id, const char *value)
{
    switch (id) {
    case OPT_LISTEN:
        return parse_listen(config, value);
    case OPT_DATABASE:
        config->database_url = value;
        return true;
    case OPT_REDIS:
        config->redis_url = value;
        return true;
    case OPT_KEYRING:
        config->keyring = value;
        return true;
    case OPT_DOCS:
        config->docs = value;
        return true;
    case OPT_THREADS:
        return parse_number("--threads", value, 4, 4096, &config->threads);
    case OPT_POOL:
        return parse_number("--pool", value, 1, 1000, &config->pool);
    case OPT_CLIENT_TIMEOUT:
        return parse_number("--client-timeout", value, 1, 600, &config->client_timeout);
    case OPT_CORS:
        return add_origin(config, value);
    case OPT_LOG:
        return set_log_level(config, value);
    case OPT_PORT_FILE:
        config->port_file = value;
        return true;
    default:
        return false;
    }
}

/* Returns -1 to go on, or the exit code. */
static int parse_flags(drmd_config *config, int argc, char **argv)
{
    int id;
    while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (id == OPT_HELP) {
            fputs(usage, stdout);
            return 0;
        }
        if (id == OPT_VERSION) {
            printf("drmd %s (libdrmgmt %s, CivetWeb %s)\n", DRMGMT_VERSION, drmgmt_version(), mg_version());
            return 0;
        }
        if (!apply(config, id, optarg)) {
            fprintf(stderr, "Try \"drmd --help\".\n");
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "drmd: %s: no such argument\nTry \"drmd --help\".\n", argv[optind]);
        return EXIT_USAGE;
    }
    if (!config->database_url || !*config->database_url) {
        fprintf(stderr, "drmd: no database: give --database-url or set DRM_APP_DATABASE_URL\n");
        return EXIT_USAGE;
    }
    return -1;
}

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int fail(const char *what, drmgmt_error *error)
{
    drmgmt_status status = drmgmt_error_status(error);
    fprintf(stderr, "drmd: %s: %s\n", what, error ? drmgmt_error_message(error) : drmgmt_status_title(status));
    drmgmt_error_free(error);
    return drmgmt_status_exit_code(status);
}

static int open_context(drmd_server *server)
{
    const drmd_config *config = &server->config;
    drmgmt_error *error = NULL;
    drmgmt_options *o = drmgmt_options_new();
    bool ok = o && drmgmt_options_set_database_url(o, config->database_url) == 0 &&
              (!config->redis_url || drmgmt_options_set_redis_url(o, config->redis_url) == 0) &&
              (!config->keyring || drmgmt_options_set_keyring_file(o, config->keyring) == 0) &&
              drmgmt_options_set_pool_size(o, config->pool) == 0 &&
              drmgmt_options_set_application_name(o, "drmd") == 0 &&
              drmgmt_options_set_log(o, drmd_log_library, NULL, config->log_level) == 0;
    if (!ok) {
        drmgmt_options_free(o);
        fprintf(stderr, "drmd: one of the settings is not valid: check the URLs and the path of the keyring\n");
        return EXIT_USAGE;
    }
    int failed = drmgmt_context_new(o, &server->context, &error);
    drmgmt_options_free(o);
    return failed ? fail("cannot start", error) : 0;
}

/* Written beside its place and moved there, so that a reader sees all of it or nothing. */
static bool write_port_file(const drmd_server *server)
{
    const char *path = server->config.port_file;
    char beside[4096];
    if ((size_t)snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid()) >= sizeof beside)
        return complain("--port-file", path, "the path is too long");
    FILE *f = fopen(beside, "we");
    bool ok = f && fprintf(f, "http://%s:%u\n", server->config.host, server->port) > 0;
    ok = f && fclose(f) == 0 && ok;
    if (!ok || rename(beside, path)) {
        complain("--port-file", path, strerror(errno));
        unlink(beside);
        return false;
    }
    return true;
}

static void wait_for_stop(drmd_server *server, const sigset_t *signals)
{
    for (;;) {
        int got = sigtimedwait(signals, NULL, &(struct timespec){ .tv_sec = 1 });
        if (got > 0) {
            drmd_log(DRMGMT_LOG_INFO, "stopping", "signal", got == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
            return;
        }
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
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by every thread made from here on */
    signal(SIGPIPE, SIG_IGN);
    int code = open_context(server);
    if (!code)
        code = drmd_server_start(server);
    if (!code && server->config.port_file && !write_port_file(server))
        code = drmgmt_status_exit_code(DRMGMT_ERR_IO);
    if (!code) {
        char url[96];
        snprintf(url, sizeof url, "http://%s:%u", server->config.host, server->port);
        drmd_log(DRMGMT_LOG_INFO, "drmd listens", "url", url, "version", DRMGMT_VERSION, NULL);
        wait_for_stop(server, &signals);
        allow_second_signal(&signals);
    }
    drmd_server_stop(server);
    drmgmt_context_free(server->context);
    drmd_server_free(server);
    if (!code)
        drmd_log(DRMGMT_LOG_INFO, "drmd stopped", NULL);
    return code;
}

int main(int argc, char **argv)
{
    static drmd_server server;
    server.config = (drmd_config){
        .host = "127.0.0.1",
        .port = 8080,
        .database_url = from_environment("DRM_APP_DATABASE_URL"),
        .redis_url = from_environment("DRM_REDIS_URL"),
        .keyring = from_environment("DRM_KEYRING"),
        .threads = 256,
        .pool = 8,
        .client_timeout = 15,
        .log_level = DRMGMT_LOG_INFO,
    };
    int code = parse_flags(&server.config, argc, argv);
    if (code >= 0)
        return code;
    mallopt(M_ARENA_MAX, 4); /* hundreds of threads, most of them idle: few arenas keep the memory small */
    drmd_log_init(server.config.log_level);
    return serve(&server);
}
