/* Runs a fuzz target without libFuzzer: each file of a corpus folder, then N mutations of them, the same in each run.
 * On a crash the last input is left in the file that FUZZ_CRASH names. Called by ctest. */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_MAX = 8192, SEEDS_MAX = 256 };

static struct seed {
    uint8_t data[INPUT_MAX];
    size_t size;
} seeds[SEEDS_MAX], current;
static size_t n_seeds;

/* xorshift64: the same numbers everywhere. */
static uint64_t random_state = 0x9e3779b97f4a7c15u;
static size_t below(size_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return n ? (size_t)(random_state % n) : 0;
}

static void load(const char *folder)
{
    struct dirent **names;
    int n = scandir(folder, &names, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        FILE *f = names[i]->d_name[0] == '.' || n_seeds == SEEDS_MAX ? NULL : fopen(path, "rb");
        if (f) {
            seeds[n_seeds].size = fread(seeds[n_seeds].data, 1, INPUT_MAX, f);
            n_seeds++;
            fclose(f);
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

static void insert(struct seed *s, size_t at, const uint8_t *bytes, size_t n)
{
    if (s->size + n > INPUT_MAX)
        return;
    memmove(s->data + at + n, s->data + at, s->size - at);
    memcpy(s->data + at, bytes, n);
    s->size += n;
}

/* Bytes on which parsers tend to turn. */
static const char interesting[] = "\"\\{}[]:,.-_*%\n\t\0\xff\xc3\xed 0109eEu+t=$@";

static void mutate(struct seed *s)
{
    size_t at = below(s->size + 1), n = 1 + below(8);
    uint8_t byte = below(2) ? (uint8_t)below(256) : (uint8_t)interesting[below(sizeof interesting - 1)];
    const struct seed *other = &seeds[below(n_seeds)];

    switch (below(6)) {
    case 0: /* change a byte */
        if (at < s->size)
            s->data[at] = byte;
        break;
    case 1: /* flip a bit */
        if (at < s->size)
            s->data[at] ^= (uint8_t)(1u << below(8));
        break;
    case 2:
        insert(s, at, &byte, 1);
        break;
    case 3: /* cut out */
        n = n < s->size - at ? n : s->size - at;
        memmove(s->data + at, s->data + at + n, s->size - at - n);
        s->size -= n;
        break;
    case 4: /* cut off */
        if (below(4) == 0)
            s->size = at;
        break;
    default: { /* splice a piece of another seed in */
        uint8_t piece[64];
        size_t from = below(other->size + 1), most = other->size - from;
        n = below(most < sizeof piece ? most + 1 : sizeof piece);
        memcpy(piece, other->data + from, n);
        insert(s, at, piece, n);
    }
    }
}

/* An exact copy on the heap, so that a sanitizer sees a read past its end. */
static void run(void)
{
    uint8_t *copy = malloc(current.size ? current.size : 1);

    MUST(copy);
    memcpy(copy, current.data, current.size);
    LLVMFuzzerTestOneInput(copy, current.size);
    free(copy);
}

static void keep_input(int number)
{
    const char *path = getenv("FUZZ_CRASH");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

    if (fd >= 0 && write(fd, current.data, current.size) >= 0)
        close(fd);
    signal(number, SIG_DFL);
    raise(number);
}

int main(int argc, char **argv)
{
    long mutations = argc == 3 ? strtol(argv[2], NULL, 10) : -1;

    if (mutations < 0) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER MUTATIONS\n", argv[0]);
        return 2;
    }
    load(argv[1]);
    if (n_seeds == 0) {
        fprintf(stderr, "%s has no files\n", argv[1]);
        return 2;
    }
    signal(SIGABRT, keep_input);
    signal(SIGSEGV, keep_input);
    for (size_t i = 0; i < n_seeds; i++) {
        current = seeds[i];
        run();
    }
    for (long i = 0; i < mutations; i++) {
        current = seeds[below(n_seeds)];
        for (size_t k = 1 + below(6); k; k--)
            mutate(&current);
        run();
    }
    printf("%zu inputs and %ld mutations of them\n", n_seeds, mutations);
    return 0;
}
