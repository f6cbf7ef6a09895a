/* Compiles and runs patterns: see pattern.h. */
#include "tr181/pattern.h"

#include "core/cleanup.h"
#include <stdlib.h>
#include <string.h>

enum { REPEAT_MAX = 4096, NO_CLASS = UINT16_MAX };

enum instruction_kind { ONE_OF, SPLIT, JUMP, END };

struct instruction {
    uint8_t kind;
    uint16_t class; /* of ONE_OF */
    int16_t to;     /* of a JUMP, and of a SPLIT beside the next: instructions from here, so that blocks can be moved */
};

enum member { RANGE, DIGIT, SPACE, WORD, INITIAL, NAME, ANY };

struct range { /* of a class: characters, or an escape that stands for some */
    uint32_t from, to;
    uint8_t member;
    bool negated;
};

struct class
{
    struct range *ranges;
    uint32_t n;
    bool negated;
    uint16_t but; /* what is taken out: [a-z-[aeiou]]; NO_CLASS */
};

struct drmgmt__dm_pattern {
    struct instruction *program;
    struct class *classes;
    uint32_t n, n_classes;
};

struct compiler {
    drmgmt__arena *arena;
    drmgmt__dm_pattern *pattern;
    const char *at;
    unsigned depth;
    bool failed;
};

static bool fail(struct compiler *c)
{
    c->failed = true;
    return false;
}

/* The next character, moved past; the text is UTF-8 and ends with NUL, at which it stays. */
static uint32_t decode(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    unsigned more = p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t value = more == 0 ? p[0] : p[0] & (0x3fu >> more);

    if (!p[0])
        return 0;
    for (unsigned i = 1; i <= more && (p[i] & 0xc0) == 0x80; i++)
        value = value << 6 | (p[i] & 0x3fu);
    for (p++; more && (*p & 0xc0) == 0x80; more--)
        p++;
    *text = (const char *)p;
    return value;
}

/* ---- classes ---- */

static bool is_word(uint32_t c)
{
    /* All but punctuation, separators and controls: symbols are in it. */
    return c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c && strchr("$+<=>^`|~", (int)c));
}

static bool is_initial(uint32_t c)
{
    return c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == ':';
}

static bool in_range(const struct range *range, uint32_t c)
{
    switch ((enum member)range->member) {
    case RANGE:
        return c >= range->from && c <= range->to;
    case DIGIT:
        return c >= '0' && c <= '9';
    case SPACE:
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
    case WORD:
        return is_word(c);
    case INITIAL:
        return is_initial(c);
    case NAME:
        return is_initial(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
    case ANY:
        return c != '\n' && c != '\r';
    }
    return false;
}

static bool in_class(const drmgmt__dm_pattern *pattern, uint16_t id, uint32_t c, uint64_t *cost)
{
    const struct class *class = &pattern->classes[id];
    bool in = false;

    for (uint32_t i = 0; i < class->n && !in; i++) {
        in = in_range(&class->ranges[i], c) != class->ranges[i].negated;
        ++*cost;
    }
    in = in != class->negated;
    return in && (class->but == NO_CLASS || !in_class(pattern, class->but, c, cost));
}

static struct class *new_class(struct compiler *c, uint16_t *id)
{
    struct class *rows;

    if (c->pattern->n_classes >= DRMGMT__DM_PATTERN_CLASSES_MAX) {
        fail(c);
        return NULL;
    }
    rows = drmgmt__arena_append(c->arena, c->pattern->classes, c->pattern->n_classes, sizeof *rows);
    if (!rows) {
        fail(c);
        return NULL;
    }
    c->pattern->classes = rows;
    *id = (uint16_t)c->pattern->n_classes++;
    rows[*id] = (struct class){ .but = NO_CLASS };
    return &rows[*id];
}

static bool add_range(struct compiler *c, uint16_t id, struct range range)
{
    struct class *class = &c->pattern->classes[id];
    struct range *rows = drmgmt__arena_append(c->arena, class->ranges, class->n, sizeof *rows);

    if (!rows)
        return fail(c);
    class->ranges = rows;
    rows[class->n++] = range;
    return true;
}

/* What is behind a backslash. */
static bool read_escape(struct compiler *c, struct range *range)
{
    static const char letters[] = "dDsSwWiIcC";
    static const uint8_t members[] = { DIGIT, SPACE, WORD, INITIAL, NAME };
    char letter = *c->at;
    const char *at = letter ? strchr(letters, letter) : NULL;

    *range = (struct range){ .member = RANGE };
    if (!letter)
        return fail(c);
    c->at++;
    if (at) {
        range->member = members[(at - letters) / 2];
        range->negated = (at - letters) % 2 == 1;
        return true;
    }
    if (!strchr("nrt\\|.?*+(){}-[]^$", letter))
        return fail(c);
    range->from = range->to = letter == 'n' ? '\n' : letter == 'r' ? '\r' : letter == 't' ? '\t' : (uint32_t)letter;
    return true;
}

/* Behind '[': [^]ranges[-[..]]] */
static bool read_class(struct compiler *c, uint16_t *id)
{
    bool first = true;

    if (!new_class(c, id) || ++c->depth > DRMGMT__DM_PATTERN_DEPTH_MAX)
        return fail(c);
    if (*c->at == '^') {
        c->pattern->classes[*id].negated = true;
        c->at++;
    }
    for (;; first = false) {
        struct range range = { .member = RANGE };
        if (*c->at == ']' && !first) {
            c->at++;
            break;
        }
        if (c->at[0] == '-' && c->at[1] == '[' && !first) {
            uint16_t but;
            c->at += 2;
            if (!read_class(c, &but) || *c->at != ']')
                return fail(c);
            c->pattern->classes[*id].but = but;
            c->at++;
            break;
        }
        if (!*c->at || *c->at == '[' || *c->at == ']')
            return fail(c);
        if (*c->at == '\\') {
            c->at++;
            if (!read_escape(c, &range))
                return false;
        } else {
            range.from = range.to = decode(&c->at);
        }
        if (range.member == RANGE && c->at[0] == '-' && c->at[1] != ']' && c->at[1] != '[') {
            struct range end = { .member = RANGE };
            c->at++;
            if (*c->at == '\\') {
                c->at++;
                if (!read_escape(c, &end))
                    return false;
            } else {
                end.to = decode(&c->at);
            }
            if (end.member != RANGE || end.to < range.from)
                return fail(c);
            range.to = end.to;
        }
        if (!add_range(c, *id, range))
            return false;
    }
    c->depth--;
    return true;
}

/* ---- the program ---- */

static bool emit(struct compiler *c, struct instruction instruction)
{
    struct instruction *rows;

    if (c->failed || c->pattern->n >= DRMGMT__DM_PATTERN_PROGRAM_MAX)
        return fail(c);
    rows = drmgmt__arena_append(c->arena, c->pattern->program, c->pattern->n, sizeof *rows);
    if (!rows)
        return fail(c);
    c->pattern->program = rows;
    rows[c->pattern->n++] = instruction;
    return true;
}

static bool emit_branch(struct compiler *c, enum instruction_kind kind, int64_t to)
{
    return emit(c, (struct instruction){ .kind = (uint8_t)kind, .to = (int16_t)to });
}

/* Once more what is at from. */
static bool emit_copy(struct compiler *c, uint32_t from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!emit(c, c->pattern->program[from + i]))
            return false;
    return true;
}

static bool emit_one(struct compiler *c, uint16_t class)
{
    return emit(c, (struct instruction){ .kind = ONE_OF, .class = class });
}

static bool read_branches(struct compiler *c);

/* One atom: a character, a class or a group. */
static bool read_atom(struct compiler *c)
{
    struct range range = { .member = RANGE };
    uint16_t id;

    if (*c->at == '(') {
        c->at++;
        if (++c->depth > DRMGMT__DM_PATTERN_DEPTH_MAX || !read_branches(c) || *c->at != ')')
            return fail(c);
        c->depth--;
        c->at++;
        return true;
    }
    if (*c->at == '[') {
        c->at++;
        return read_class(c, &id) && emit_one(c, id);
    }
    if (!*c->at || strchr("?*+{}]", *c->at))
        return fail(c);
    if (*c->at == '\\') {
        c->at++;
        if (!read_escape(c, &range))
            return false;
    } else if (*c->at == '.') {
        c->at++;
        range.member = ANY;
    } else {
        range.from = range.to = decode(&c->at);
    }
    return new_class(c, &id) && add_range(c, id, range) && emit_one(c, id);
}

static bool read_count(struct compiler *c, unsigned *count)
{
    const char *start = c->at;

    for (*count = 0; *c->at >= '0' && *c->at <= '9'; c->at++) {
        *count = *count * 10 + (unsigned)(*c->at - '0');
        if (*count > REPEAT_MAX)
            return fail(c);
    }
    return c->at > start || fail(c);
}

/* ?, *, +, {n}, {n,}, {n,m}; none is {1}. many: no end. */
static bool read_quantifier(struct compiler *c, unsigned *min, unsigned *max, bool *many)
{
    *min = *max = 1;
    *many = false;
    if (*c->at == '?' || *c->at == '*' || *c->at == '+') {
        *min = *c->at == '+';
        *many = *c->at != '?';
        c->at++;
    } else if (*c->at == '{') {
        c->at++;
        if (!read_count(c, min))
            return false;
        *max = *min;
        if (*c->at == ',') {
            c->at++;
            *many = *c->at == '}';
            if (!*many && !read_count(c, max))
                return false;
        }
        if (*c->at != '}' || *max < *min)
            return fail(c);
        c->at++;
    }
    return true;
}

/* An atom as often as its quantifier says: copies of it, behind which the first is taken out. */
static bool read_piece(struct compiler *c)
{
    uint32_t from = c->pattern->n, length;
    unsigned min, max;
    bool many;

    if (!read_atom(c) || !read_quantifier(c, &min, &max, &many))
        return false;
    length = c->pattern->n - from;
    if (length == 0 || (min == 1 && max == 1 && !many))
        return true;
    for (unsigned i = 0; i < min; i++)
        if (!emit_copy(c, from, length))
            return false;
    if (many && (!emit_branch(c, SPLIT, (int64_t)length + 2) || !emit_copy(c, from, length) ||
                 !emit_branch(c, JUMP, -(int64_t)length - 1)))
        return false;
    for (unsigned i = min; !many && i < max; i++)
        if (!emit_branch(c, SPLIT, (int64_t)length + 1) || !emit_copy(c, from, length))
            return false;
    c->pattern->n -= length;
    memmove(c->pattern->program + from, c->pattern->program + from + length,
            (c->pattern->n - from) * sizeof *c->pattern->program);
    return true;
}

static bool read_branch(struct compiler *c)
{
    while (*c->at && *c->at != '|' && *c->at != ')')
        if (!read_piece(c))
            return false;
    return true;
}

/* a|b|c: a SPLIT before each but the last, and a JUMP behind it over the others. */
static bool read_branches(struct compiler *c)
{
    uint32_t from = c->pattern->n, jump = 0; /* the latest JUMP; each knows how far the one before is, until the end */

    for (;;) {
        uint32_t length;
        struct instruction *program;
        if (!read_branch(c))
            return false;
        if (*c->at != '|')
            break;
        c->at++;
        length = c->pattern->n - from;
        if (!emit_branch(c, JUMP, 0) || !emit_branch(c, JUMP, jump ? (int64_t)c->pattern->n - jump : 0))
            return false;
        program = c->pattern->program + from;
        memmove(program + 1, program, length * sizeof *program);
        *program = (struct instruction){ .kind = SPLIT, .to = (int16_t)(length + 2) };
        jump = c->pattern->n - 1;
        from = c->pattern->n;
    }
    while (jump) {
        struct instruction *instruction = &c->pattern->program[jump];
        uint32_t before = instruction->to ? (uint32_t)((int64_t)jump - instruction->to) : 0;
        instruction->to = (int16_t)(c->pattern->n - jump);
        jump = before;
    }
    return true;
}

drmgmt__dm_pattern *drmgmt__dm_pattern_new(drmgmt__arena *arena, const char *text)
{
    struct compiler c = { .arena = arena, .at = text };

    if (strlen(text) > DRMGMT__DM_PATTERN_MAX)
        return NULL;
    c.pattern = drmgmt__arena_alloc(arena, sizeof *c.pattern);
    return c.pattern && read_branches(&c) && *c.at == '\0' && emit_branch(&c, END, 0) ? c.pattern : NULL;
}

/* ---- running it ---- */

struct threads {
    uint16_t at[DRMGMT__DM_PATTERN_PROGRAM_MAX];
    uint32_t n;
};

struct run {
    const drmgmt__dm_pattern *pattern;
    struct threads now, next;
    uint32_t seen[DRMGMT__DM_PATTERN_PROGRAM_MAX]; /* the round in which an instruction was reached */
    uint16_t stack[DRMGMT__DM_PATTERN_PROGRAM_MAX];
    uint32_t round;
    bool ended;
};

/* Adds a thread at an instruction and all where it can go without a character. Each is reached once a round. */
static void reach(struct run *r, struct threads *threads, uint16_t at, uint64_t *cost)
{
    uint32_t depth = 0;

    if (r->seen[at] == r->round)
        return;
    r->seen[at] = r->round;
    r->stack[depth++] = at;
    while (depth) {
        uint16_t here = r->stack[--depth];
        const struct instruction *i = &r->pattern->program[here];
        uint16_t ways[2] = { (uint16_t)(here + i->to), (uint16_t)(here + 1) };
        ++*cost;
        r->ended = r->ended || i->kind == END;
        if (i->kind == ONE_OF)
            threads->at[threads->n++] = here;
        for (int k = 0; k < (i->kind == SPLIT ? 2 : i->kind == JUMP ? 1 : 0); k++) {
            if (r->seen[ways[k]] != r->round) {
                r->seen[ways[k]] = r->round;
                r->stack[depth++] = ways[k];
            }
        }
    }
}

drmgmt__dm_matching drmgmt__dm_pattern_match(const drmgmt__dm_pattern *pattern, const char *text, size_t n,
                                             uint64_t *budget)
{
    DRMGMT__FREE struct run *r = malloc(sizeof *r);
    const char *end = text + n;
    uint64_t cost = 0;

    if (!r)
        return DRMGMT__DM_GIVEN_UP;
    memset(r->seen, 0, pattern->n * sizeof *r->seen);
    r->pattern = pattern;
    r->now.n = 0;
    r->round = 1;
    r->ended = false;
    reach(r, &r->now, 0, &cost);
    while (text < end && r->now.n) {
        uint32_t c = decode(&text);
        r->round++;
        r->next.n = 0;
        r->ended = false;
        for (uint32_t i = 0; i < r->now.n; i++)
            if (in_class(pattern, pattern->program[r->now.at[i]].class, c, &cost))
                reach(r, &r->next, (uint16_t)(r->now.at[i] + 1), &cost);
        memcpy(r->now.at, r->next.at, r->next.n * sizeof *r->next.at);
        r->now.n = r->next.n;
        if (cost > *budget) {
            *budget = 0;
            return DRMGMT__DM_GIVEN_UP;
        }
        if (!c)
            break;
    }
    *budget -= cost < *budget ? cost : *budget;
    return text == end && r->ended ? DRMGMT__DM_MATCHES : DRMGMT__DM_DIFFERS;
}
