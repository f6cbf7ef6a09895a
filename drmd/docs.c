/* The documentation pages: Swagger UI and ReDoc from a folder made by scripts/build-docs; a fixed list of files, so
 * that no path leads anywhere else. Called by dispatch.c. */
#include "routes.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Both pages make inline styles; ReDoc searches in a worker made from a blob. No host but ours. */
#define PAGE_CSP                                                                                                       \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src "       \
    "'self' data:; "                                                                                                   \
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; "        \
    "frame-ancestors 'none'\r\n"

static const char swagger_page[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>drmgmt API</title>\n"
    "<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/docs/swagger-ui.css\">\n</head>\n<body>\n"
    "<div id=\"swagger-ui\"></div>\n<script src=\"/docs/swagger-ui-bundle.js\"></script>\n"
    "<script src=\"/docs/init.js\"></script>\n</body>\n</html>\n";

static const char swagger_init[] =
    "window.onload = function () {\n"
    "  window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true,\n"
    "    persistAuthorization: false, tryItOutEnabled: true, validatorUrl: null });\n};\n";

static const char redoc_page[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>drmgmt API reference</title>\n"
    "<link rel=\"icon\" href=\"data:,\">\n</head>\n<body>\n<redoc spec-url=\"/openapi.json\"></redoc>\n"
    "<script src=\"/redoc/redoc.standalone.js\"></script>\n</body>\n</html>\n";

static const char js[] = "text/javascript; charset=utf-8";

/* What may be served, and from where below the folder of --docs. */
static const struct {
    const char *pattern, *name, *file, *type;
} files[] = {
    { "/docs/{file}", "swagger-ui-bundle.js", "swagger-ui/swagger-ui-bundle.js", js },
    { "/docs/{file}", "swagger-ui.css", "swagger-ui/swagger-ui.css", "text/css; charset=utf-8" },
    { "/redoc/{file}", "redoc.standalone.js", "redoc/redoc.standalone.js", js },
};

static const struct {
    const char *pattern;
    const char *html;
    const char *needs;
} pages[] = {
    { "/docs", swagger_page, "swagger-ui/swagger-ui-bundle.js" },
    { "/redoc", redoc_page, "redoc/redoc.standalone.js" },
};

static void reply_not_built(drmd_request *r)
{
    drmd_reply_problem(
        r, 404, NULL,
        "The documentation pages are not installed. Make them with \"scripts/build-docs DIR\" and start drmd with "
        "--docs DIR; /openapi.json is there all the same.");
}

/* Opens a file below the documentation folder; -1 when it is not there. */
static int open_file(const drmd_request *r, const char *file, struct stat *about)
{
    if (!r->server->config.docs)
        return -1;
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", r->server->config.docs, file) >= sizeof path)
        return -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, about) || !S_ISREG(about->st_mode) || about->st_size > 16 * 1024 * 1024)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void drmd_docs_page(drmd_request *r)
{
    struct stat about;
    for (size_t i = 0; i < DRMD_COUNT(pages); i++) {
        if (strcmp(pages[i].pattern, r->route->pattern) != 0)
            continue;
        int fd = open_file(r, pages[i].needs, &about);
        if (fd < 0)
            break;
        close(fd);
        r->policy = PAGE_CSP "Cache-Control: no-cache\r\n";
        drmd_reply(r, 200, drmd_html, pages[i].html, strlen(pages[i].html));
        return;
    }
    reply_not_built(r);
}

void drmd_docs_init(drmd_request *r)
{
    r->policy = "Cache-Control: no-cache\r\n";
    drmd_reply(r, 200, js, swagger_init, sizeof swagger_init - 1);
}

static bool read_whole(int fd, char *data, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = read(fd, data + done, length - done);
        if (n <= 0 && !(n < 0 && errno == EINTR))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static void send_file(drmd_request *r, int fd, const struct stat *about, const char *type)
{
    snprintf(r->etag, sizeof r->etag, "\"%llx-%llx\"", (unsigned long long)about->st_mtime,
             (unsigned long long)about->st_size);
    r->policy = "Cache-Control: public, max-age=3600\r\n";
    const char *known = r->headers[DRMD_H_IF_NONE_MATCH];
    if (known && strstr(known, r->etag)) {
        drmd_reply(r, 304, NULL, NULL, 0);
        return;
    }
    size_t length = (size_t)about->st_size;
    char *data = malloc(length + 1);
    if (data && read_whole(fd, data, length))
        drmd_reply(r, 200, type, data, length);
    else
        drmd_reply_problem(r, 503, NULL, "The file could not be read.");
    free(data);
}

void drmd_docs_file(drmd_request *r)
{
    for (size_t i = 0; i < DRMD_COUNT(files); i++) {
        if (strcmp(files[i].pattern, r->route->pattern) != 0 || strcmp(files[i].name, r->params[0]) != 0)
            continue;
        struct stat about;
        int fd = open_file(r, files[i].file, &about);
        if (fd < 0) {
            reply_not_built(r);
            return;
        }
        send_file(r, fd, &about, files[i].type);
        close(fd);
        return;
    }
    drmd_reply_problem(r, 404, NULL, "There is nothing at this path.");
}
