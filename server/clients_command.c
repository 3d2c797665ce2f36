/* clients_command: `hydrant clients create|list|get|delete`, on top of the admin API. */
#include <stdio.h>
#include <string.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "oauth/client.h"
#include "server/command.h"
#include "server/command_answer.h"

enum { VALUES_MAX = 64, ANSWER_ARENA_MAX = 64 * 1024 * 1024, PAGE_SIZE = 100 };

static struct bytes client_path(struct arena *arena, const char *client_id)
{
    struct text t;
    text_init(&t, arena, 64);
    text_put(&t, BYTES("/admin/clients/"));
    for (const char *c = client_id; *c != 0; c++) text_put_format(&t, "%%%02X", (unsigned char)*c);
    return text_bytes(&t);
}

/* ---- showing ---- */

static void print_member(const struct json *record, const char *name)
{
    struct arena arena;
    struct text t;
    const struct json *value = json_find(record, name);
    arena_init(&arena, 1024 * 1024);
    text_init(&t, &arena, 256);
    if (json_is(value, JSON_STRING)) text_put(&t, value->text);
    else if (value != NULL) json_write(&t, value);
    if (t.len > 0) printf("%-28s %.*s\n", name, BYTES_PRINT(text_bytes(&t)));
    arena_release(&arena);
}

static int show_client(const struct output *output, struct bytes body, struct arena *arena)
{
    static const char *const NAMES[] = {"client_id", "client_secret", "client_name", "token_endpoint_auth_method", "grant_types", "scope", "audience",
        "allowed_cors_origins", "refresh_token_with_cookie", "refresh_token", "access_token", "metadata", "created_at"};
    const struct json_limits limits = {.size_max = CLIENT_BODY_MAX, .unique_names = false};
    struct fault unreadable;
    const struct json *record = json_parse(arena, body, &limits, &unreadable);
    if (wants_json(output) || record == NULL) return printf("%.*s\n", BYTES_PRINT(body)), EXIT_DONE;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) print_member(record, NAMES[i]);
    if (json_find(record, "client_secret") != NULL) fputs("\nThe secret is shown this once: keep it.\n", stderr);
    return EXIT_DONE;
}

static void print_row(const struct json *record)
{
    struct bytes id = json_string(json_find(record, "client_id")), method = json_string(json_find(record, "token_endpoint_auth_method"));
    struct bytes name = json_string(json_find(record, "client_name")), scope = json_string(json_find(record, "scope"));
    printf("%-38.*s %-20.*s %-24.*s %.*s\n", BYTES_PRINT(id), BYTES_PRINT(method), BYTES_PRINT(name), BYTES_PRINT(scope));
}

/* ---- create ---- */

struct create_options {
    const char *id, *name, *method, *scope, *file;
    struct option_values audience, origins, grant_types;
};

static void put_text_member(struct text *t, const char *name, const char *value)
{
    if (value == NULL) return;
    text_put_json_name(t, bytes_of(name));
    text_put_json(t, bytes_of(value));
}

static void put_list_member(struct text *t, const char *name, const struct option_values *values)
{
    if (values->count == 0) return;
    text_put_json_name(t, bytes_of(name));
    text_put_char(t, '[');
    for (int i = 0; i < values->count; i++) {
        if (i > 0) text_put_char(t, ',');
        text_put_json(t, bytes_of(values->at[i]));
    }
    text_put_char(t, ']');
}

static struct bytes write_record(struct arena *arena, const struct create_options *o)
{
    struct text t;
    text_init(&t, arena, 512);
    text_put_char(&t, '{');
    put_text_member(&t, "client_id", o->id);
    put_text_member(&t, "client_name", o->name);
    put_text_member(&t, "token_endpoint_auth_method", o->method);
    put_text_member(&t, "scope", o->scope);
    put_list_member(&t, "audience", &o->audience);
    put_list_member(&t, "allowed_cors_origins", &o->origins);
    put_list_member(&t, "grant_types", &o->grant_types);
    text_put_char(&t, '}');
    return text_bytes(&t);
}

static bool read_record(const char *file, struct arena *arena, struct bytes *record)
{
    FILE *from = strcmp(file, "-") == 0 ? stdin : fopen(file, "rb");
    if (from == NULL) return fprintf(stderr, "hydrant clients create: %s can't be opened\n", file), false;
    char *at = arena_take(arena, CLIENT_RECORD_MAX + 1);
    size_t len = fread(at, 1, CLIENT_RECORD_MAX + 1, from);
    if (from != stdin) fclose(from);
    *record = (struct bytes){at, len};
    if (len > 0 && len <= CLIENT_RECORD_MAX) return true;
    return fprintf(stderr, "hydrant clients create: %s is empty or over %d bytes\n", file, CLIENT_RECORD_MAX), false;
}

static bool has_members(const struct create_options *o)
{
    return o->id != NULL || o->name != NULL || o->method != NULL || o->scope != NULL || o->audience.count + o->origins.count + o->grant_types.count > 0;
}

static int create(const struct create_options *o, const struct output *output)
{
    static const char WORDS[] = "clients create";
    struct arena arena;
    struct admin_result result;
    struct admin_call call = {.endpoint = output->endpoint, .method = "POST", .path = BYTES("/admin/clients")};
    arena_init(&arena, ANSWER_ARENA_MAX);
    bool good = o->file == NULL || read_record(o->file, &arena, &call.body);
    if (o->file == NULL) call.body = write_record(&arena, o);
    good = good && ask_admin(WORDS, &call, &arena, &result);
    int exit_code = good ? show_client(output, result.body, &arena) : EXIT_FAILED;
    arena_release(&arena);
    return exit_code;
}

int clients_create_command(int argc, char **argv)
{
    static const char WORDS[] = "clients create";
    const char *audience[VALUES_MAX], *origins[VALUES_MAX], *grant_types[VALUES_MAX];
    struct create_options o = {.audience = {audience, 0, VALUES_MAX}, .origins = {origins, 0, VALUES_MAX}, .grant_types = {grant_types, 0, VALUES_MAX}};
    struct output output = {NULL, NULL};
    const struct command_option options[] = {
        {.name = "--id", .value = &o.id}, {.name = "--name", .value = &o.name}, {.name = "--method", .value = &o.method},
        {.name = "--scope", .value = &o.scope}, {.name = "--file", .value = &o.file}, {.name = "--audience", .values = &o.audience},
        {.name = "--origin", .values = &o.origins}, {.name = "--grant-type", .values = &o.grant_types},
        {.name = "--format", .value = &output.format}, {.name = "--endpoint", .value = &output.endpoint}, {.name = NULL},
    };
    int rest = take_options(WORDS, argc, argv, options);
    if (rest < 0) return EXIT_WRONG_USE;
    if (rest > 0) return wrong_use(WORDS, "what is %s?", argv[0]);
    if (check_format(WORDS, &output) != EXIT_DONE) return EXIT_WRONG_USE;
    if (o.file != NULL && has_members(&o)) return wrong_use(WORDS, "--file is the whole record: what else is said goes into it");
    return create(&o, &output);
}

/* ---- list ---- */

static struct bytes page_path(struct arena *arena, struct bytes after)
{
    struct text t;
    text_init(&t, arena, 128);
    text_put_format(&t, "/admin/clients?page_size=%d", PAGE_SIZE);
    if (!bytes_present(after)) return text_bytes(&t);
    text_put(&t, BYTES("&page_token="));
    for (size_t i = 0; i < after.len; i++) text_put_format(&t, "%%%02X", (unsigned char)after.at[i]);
    return text_bytes(&t);
}

struct listing {
    struct arena arena;
    struct bytes after; /* the last client_id that was shown */
    size_t shown, in_page;
    bool begun;
};

/* once the first page is there: a list that could not be had must not look like an empty one */
static void begin_list(struct listing *l, bool as_json)
{
    if (l->begun) return;
    l->begun = true;
    if (as_json) fputs("[", stdout);
    else printf("%-38s %-20s %-24s %s\n", "CLIENT_ID", "METHOD", "NAME", "SCOPE");
}

static void print_page(struct listing *l, const struct json *page, bool as_json)
{
    begin_list(l, as_json);
    l->in_page = page->count;
    for (const struct json *record = page->first; record != NULL; record = record->next) {
        struct text t;
        text_init(&t, &l->arena, 512);
        if (as_json) json_write(&t, record);
        if (as_json) printf("%s%.*s", l->shown > 0 ? ",\n" : "", BYTES_PRINT(text_bytes(&t)));
        else print_row(record);
        l->after = json_string(json_find(record, "client_id"));
        l->shown++;
    }
}

static bool list_page(struct listing *l, const struct output *output)
{
    const struct json_limits limits = {.size_max = ANSWER_ARENA_MAX, .unique_names = false};
    const struct admin_call call = {.endpoint = output->endpoint, .method = "GET", .path = page_path(&l->arena, l->after)};
    struct admin_result result;
    struct fault unreadable;
    if (!ask_admin("clients list", &call, &l->arena, &result)) return false;
    const struct json *page = json_parse(&l->arena, result.body, &limits, &unreadable);
    if (!json_is(page, JSON_ARRAY)) return fputs("hydrant clients list: the server's answer can't be read\n", stderr), false;
    print_page(l, page, wants_json(output));
    return true;
}

static int list(const struct output *output)
{
    struct listing l = {.after = BYTES_ABSENT};
    arena_init(&l.arena, ANSWER_ARENA_MAX);
    bool good;
    do good = list_page(&l, output);
    while (good && l.in_page >= PAGE_SIZE);
    if (good && wants_json(output)) fputs("]\n", stdout);
    arena_release(&l.arena);
    return good ? EXIT_DONE : EXIT_FAILED;
}

int clients_list_command(int argc, char **argv)
{
    struct output output = {NULL, NULL};
    int rest = take_common("clients list", argc, argv, &output);
    if (rest < 0) return EXIT_WRONG_USE;
    return rest == 0 ? list(&output) : wrong_use("clients list", "what is %s?", argv[0]);
}

/* ---- get and delete ---- */

static int about_one(const char *words, const char *method, int argc, char **argv)
{
    struct output output = {NULL, NULL};
    struct arena arena;
    struct admin_result result;
    int rest = take_common(words, argc, argv, &output);
    if (rest < 0) return EXIT_WRONG_USE;
    if (rest != 1) return wrong_use(words, "which client? Give one client_id");
    arena_init(&arena, ANSWER_ARENA_MAX);
    const struct admin_call call = {.endpoint = output.endpoint, .method = method, .path = client_path(&arena, argv[0])};
    bool good = ask_admin(words, &call, &arena, &result);
    if (good && result.status == 204) printf("deleted %s; its grants have ended\n", argv[0]);
    else if (good) show_client(&output, result.body, &arena);
    arena_release(&arena);
    return good ? EXIT_DONE : EXIT_FAILED;
}

int clients_get_command(int argc, char **argv) { return about_one("clients get", "GET", argc, argv); }
int clients_delete_command(int argc, char **argv) { return about_one("clients delete", "DELETE", argc, argv); }
