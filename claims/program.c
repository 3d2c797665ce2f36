#include "claims/program.h"

#include <jq.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "claims/budget.h"
#include "claims/prelude.h"
#include "claims/regex.h"
#include "claims/value.h"
#include "claims/watchdog.h"

enum { TEXT_MAX = 1024 * 1024 }; /* bytes of JSON that is handed in as text */

struct program {
    struct arena arena;
    struct expression *expressions;
    size_t count;
    struct bindings bindings;
    jq_state *jq;
    struct watch watch;
    struct budget budget;
    jv results;
    char words[512]; /* jq's first complaint */
};

/* ---- compiling ---- */

static void keep_words(void *data, jv message)
{
    struct program *p = data;
    if (p->words[0] == '\0' && jv_get_kind(message) == JV_KIND_STRING)
        snprintf(p->words, sizeof p->words, "%s", jv_string_value(message));
    jv_free(message);
}

static void put_head(const struct program *p, struct text *out)
{
    text_put(out, bytes_of(prelude));
    text_put(out, BYTES(". as [$session, $client, $scope, $audience"));
    if (p->bindings.identity_admin) text_put(out, BYTES(", $identity_admin"));
    if (p->bindings.hydra) text_put(out, BYTES(", $hydra"));
    text_put(out, BYTES("] |\n"));
}

/* [($session | try {v: [at most two values of it]} catch {e: 1}), ...] */
static void put_program(const struct program *p, struct text *out)
{
    put_head(p, out);
    text_put_char(out, '[');
    for (size_t i = 0; i < p->count; i++) {
        text_put(out,
                 i == 0 ? BYTES("($session | try {v: [limit(2; (\n") : BYTES(", ($session | try {v: [limit(2; (\n"));
        text_put(out, p->expressions[i].text);
        text_put(out, BYTES("\n))]} catch {e: 1})"));
    }
    text_put_char(out, ']');
}

/* one alone, without brackets around it, so that jq complains of what was written and of nothing else */
static void put_alone(const struct program *p, const struct expression *expression, struct text *out)
{
    put_head(p, out);
    text_put(out, BYTES("$session |\n"));
    text_put(out, expression->text);
}

static void drop_jq(struct program *p)
{
    if (p->jq != NULL) jq_teardown(&p->jq);
    p->jq = NULL;
}

static bool compile(struct program *p, struct bytes text)
{
    drop_jq(p);
    p->words[0] = '\0';
    p->jq = jq_init();
    if (p->jq == NULL) abort();
    jq_set_error_cb(p->jq, keep_words, p);
    jq_set_attr(p->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
    if (jq_compile(p->jq, text.at) != 0) return true;
    drop_jq(p);
    return false;
}

static bool compile_all(struct program *p)
{
    struct arena arena;
    struct text text;
    arena_init(&arena, SIZE_MAX);
    text_init(&text, &arena, 8192);
    put_program(p, &text);
    bool compiled = compile(p, text_bytes(&text));
    arena_release(&arena);
    return compiled;
}

static bool compile_alone(struct program *p, const struct expression *expression)
{
    struct arena arena;
    struct text text;
    arena_init(&arena, SIZE_MAX);
    text_init(&text, &arena, 8192);
    put_alone(p, expression, &text);
    bool compiled = compile(p, text_bytes(&text));
    arena_release(&arena);
    return compiled;
}

/* ---- what is wrong with an expression, and where ---- */

static bool refuse(const struct expression *e, unsigned line, const char *words, struct fault *fault)
{
    char claim[96], place[64] = "";
    if (bytes_present(e->name))
        snprintf(claim, sizeof claim, "claim \"%.*s\"", (int)(e->name.len < 64 ? e->name.len : 64), e->name.at);
    else
        snprintf(claim, sizeof claim, "the claims program");
    if (e->line == 0 && line > 1)
        snprintf(place, sizeof place, ", line %u of it", line);
    else if (e->line > 0 && line > 1)
        snprintf(place, sizeof place, ", line %u", e->line + line - 1);
    else if (e->line > 0)
        snprintf(place, sizeof place, ", line %u, column %u", e->line, e->column);
    return fault_set(fault, FAULT_INPUT, "claims", "%s%s: %s", claim, place, words);
}

/* what stands before that part, which may be missing */
static struct bytes before(struct bytes text, const char *part)
{
    const char *at = strstr(text.at, part);
    size_t len = at == NULL ? text.len : (size_t)(at - text.at);
    return (struct bytes){text.at, len < text.len ? len : text.len};
}

/* the expression's line, from 1, that jq counts as that; 0 where it stands before the expression */
static unsigned line_within(unsigned long jqs_line)
{
    unsigned long before_it = 2; /* the binding's and $session's */
    for (const char *c = prelude; *c != '\0'; c++) before_it += *c == '\n';
    return jqs_line > before_it ? (unsigned)(jqs_line - before_it) : 0;
}

/* "jq: error: env_is_not_available/0 is not defined at <top-level>, line 1:..." */
static bool explain(const struct program *p, const struct expression *e, struct fault *fault)
{
    static const char place[] = " at <top-level>, line ";
    static const struct bytes jqs = BYTES("jq: error: "), gone = BYTES("_is_not_available");
    char said[256];
    struct bytes words = bytes_of(p->words);
    const char *at = strstr(p->words, place);
    unsigned line = at == NULL ? 0 : line_within(strtoul(at + sizeof place - 1, NULL, 10));
    if (bytes_start_with(words, jqs)) words = (struct bytes){words.at + jqs.len, words.len - jqs.len};
    words = before(before(words, place), " (Unix shell quoting issues?)");
    bool is_gone = bytes_contain(words, gone);
    if (is_gone) words = before(words, gone.at);
    snprintf(said, sizeof said, "%.*s%s", BYTES_PRINT(words), is_gone ? " is not available here" : "");
    return refuse(e, line, said[0] == '\0' ? "jq does not take it" : said, fault);
}

static bool find_culprit(struct program *p, struct fault *fault)
{
    for (size_t i = 0; i < p->count; i++)
        if (!compile_alone(p, &p->expressions[i])) return explain(p, &p->expressions[i], fault);
    return fault_set(fault, FAULT_INPUT, "claims",
                     "each of the claims' expressions is jq, but not all of them together");
}

/* $ENV is bound to {}, but who names it expects more */
static bool names_environment(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '$') continue;
        struct bytes rest = bytes_trim((struct bytes){text.at + i + 1, text.len - i - 1});
        if (bytes_start_with(rest, BYTES("ENV"))) return true;
    }
    return false;
}

static bool check_text(const struct expression *e, struct fault *fault)
{
    if (bytes_find(e->text, '\0') < e->text.len) return refuse(e, 1, "a NUL byte", fault);
    return !names_environment(e->text) || refuse(e, 1, "$ENV is not available here", fault);
}

/* jq reads ~/.jq before every program, and no call turns that off */
static bool check_home(struct fault *fault)
{
    char path[4096];
    struct stat about;
    const char *home = getenv("HOME");
    if (home == NULL) return true;
    snprintf(path, sizeof path, "%s/.jq", home);
    if (stat(path, &about) != 0 || S_ISDIR(about.st_mode)) return true;
    return fault_set(fault, FAULT_INPUT, "claims",
                     "%s would change what the claims' expressions mean: move it, or set HOME to another folder", path);
}

/* ---- life ---- */

static void copy_expressions(struct program *p, const struct expression *from)
{
    p->expressions = arena_take(&p->arena, (p->count + 1) * sizeof *p->expressions);
    for (size_t i = 0; i < p->count; i++) {
        p->expressions[i] = from[i];
        p->expressions[i].name = arena_copy(&p->arena, from[i].name);
        p->expressions[i].text = arena_copy(&p->arena, from[i].text);
    }
}

static bool prepare(struct program *p, struct fault *fault)
{
    if (!check_home(fault)) return false;
    for (size_t i = 0; i < p->count; i++)
        if (!check_text(&p->expressions[i], fault)) return false;
    return compile_all(p) || find_culprit(p, fault);
}

struct program *program_create(const struct expression *expressions, size_t count, struct bindings bindings,
                               struct fault *fault)
{
    struct program *p = calloc(1, sizeof *p);
    if (p == NULL) abort();
    arena_init(&p->arena, SIZE_MAX);
    p->count = count;
    p->bindings = bindings;
    copy_expressions(p, expressions);
    regex_guard();
    budget_check_in_place();
    watchdog_join();
    if (prepare(p, fault)) return p;
    program_destroy(p);
    return NULL;
}

void program_destroy(struct program *p)
{
    if (p == NULL) return;
    watchdog_part();
    drop_jq(p);
    arena_release(&p->arena);
    free(p);
}

/* ---- a run ---- */

static bool fail(const char *words, struct fault *fault) { return fault_set(fault, FAULT_BUG, "claims", "%s", words); }

/* These give NULL, or what is wrong. */

/* adds it to the array; NULL is null */
static const char *add_json(jv *array, const struct json *json)
{
    jv value = jv_null();
    if (json != NULL && !value_read(json, &value)) return "a number that came in is too long";
    *array = jv_array_append(*array, value);
    return NULL;
}

/* absent is null */
static const char *add_text(jv *array, struct arena *arena, struct bytes text)
{
    const struct json_limits limits = {.size_max = TEXT_MAX};
    const struct json *json = bytes_present(text) ? json_parse(arena, text, &limits, NULL) : NULL;
    if (json == NULL && bytes_present(text)) return "the client or the audience is no JSON";
    return add_json(array, json);
}

/* as put_head binds it */
static const char *read_input(const struct claims_input *in, struct bindings bindings, struct arena *arena, jv *out)
{
    *out = jv_array();
    const char *why = add_json(out, in->session);
    if (why == NULL) why = add_text(out, arena, in->client);
    *out = jv_array_append(*out, jv_string_sized(in->scope.at == NULL ? "" : in->scope.at, (int)in->scope.len));
    if (why == NULL) why = add_text(out, arena, in->audience);
    if (why == NULL && bindings.identity_admin) why = add_json(out, in->identity_admin);
    if (why == NULL && bindings.hydra) why = add_json(out, in->hydra);
    return why;
}

static void halt(void *data)
{
    struct program *p = data;
    watchdog_halt(&p->watch);
}

static bool are_results(jv results, size_t count)
{
    return jv_get_kind(results) == JV_KIND_ARRAY && jv_array_length(jv_copy(results)) == (int)count;
}

bool program_run(struct program *p, const struct claims_input *in, struct arena *arena, struct fault *fault)
{
    jv input;
    const char *why = read_input(in, p->bindings, arena, &input);
    if (why != NULL) {
        jv_free(input);
        return fail(why, fault);
    }
    jq_start(p->jq, input, 0);
    watchdog_arm(&p->watch, p->jq, CLAIMS_RUN_MAX_MS);
    budget_begin(&p->budget, CLAIMS_MEMORY_MAX, halt, p);
    p->results = jq_next(p->jq);
    bool enough = budget_end(&p->budget);
    bool halted = watchdog_disarm(&p->watch);
    if (!halted && are_results(p->results, p->count)) return true;
    jv_free(p->results);
    if (!halted) return fail("the expressions gave no result", fault);
    return fail(enough ? "the expressions took too long" : "the expressions took too much memory", fault);
}

const char *program_result(const struct program *p, size_t index, jv *value)
{
    jv result = jv_array_get(jv_copy(p->results), (int)index), values = jv_invalid();
    if (jv_get_kind(result) == JV_KIND_OBJECT)
        values = jv_object_get(result, jv_string("v"));
    else
        jv_free(result);
    int count = jv_get_kind(values) == JV_KIND_ARRAY ? jv_array_length(jv_copy(values)) : -1;
    if (count == 1) {
        *value = jv_array_get(values, 0);
        return NULL;
    }
    jv_free(values);
    if (count < 0) return "the expression failed";
    return count == 0 ? "no value" : "more than one value";
}

void program_done(struct program *p) { jv_free(p->results); }
