/* clients_command: `hydrant clients create|list|get|delete`, on top of the admin API. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "oauth/client.h"
#include "server/command.h"
#include "server/command_answer.h"
#include "server/command_list.h"

enum { VALUES_MAX = 64, RECORD_ARENA_MAX = 1024 * 1024 };

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

static int show_client(const struct admin_order *order, const struct json *record)
{
    static const char *const NAMES[] = {"client_id", "client_secret", "client_name", "token_endpoint_auth_method", "grant_types", "scope", "audience",
        "allowed_cors_origins", "refresh_token_with_cookie", "refresh_token", "access_token", "metadata", "created_at"};
    (void)order;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) print_member(record, NAMES[i]);
    if (json_find(record, "client_secret") != NULL) fputs("\nThe secret is shown this once: keep it.\n", stderr);
    return EXIT_DONE;
}

static void print_heading(void) { printf("%-38s %-20s %-24s %s\n", "CLIENT_ID", "METHOD", "NAME", "SCOPE"); }

static void print_row(const struct json *record)
{
    struct bytes id = json_string(json_find(record, "client_id")), method = json_string(json_find(record, "token_endpoint_auth_method"));
    struct bytes name = json_string(json_find(record, "client_name")), scope = json_string(json_find(record, "scope"));
    printf("%-38.*s %-20.*s %-24.*s %.*s\n", BYTES_PRINT(id), BYTES_PRINT(method), BYTES_PRINT(name), BYTES_PRINT(scope));
}

/* ---- create ---- */

struct create_options {
    const char *id, *name, *method, *scope, *secret_hash, *file;
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
    put_text_member(&t, "client_secret_hash", o->secret_hash);
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
    return o->id != NULL || o->name != NULL || o->method != NULL || o->scope != NULL || o->secret_hash != NULL || o->audience.count + o->origins.count + o->grant_types.count > 0;
}

static int create(const struct create_options *o, const struct output *output)
{
    struct admin_order order = {.words = "clients create", .output = output, .method = "POST", .path = "/admin/clients", .show = show_client};
    struct arena arena;
    arena_init(&arena, RECORD_ARENA_MAX);
    bool good = o->file == NULL || read_record(o->file, &arena, &order.body);
    if (o->file == NULL) order.body = write_record(&arena, o);
    int exit_code = good ? give_order(&order) : EXIT_FAILED;
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
        {.name = "--scope", .value = &o.scope}, {.name = "--secret-hash", .value = &o.secret_hash}, {.name = "--file", .value = &o.file}, {.name = "--audience", .values = &o.audience},
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

int clients_list_command(int argc, char **argv)
{
    struct output output = {NULL, NULL};
    const struct list_order order = {.words = "clients list", .output = &output, .path = BYTES("/admin/clients?page_size=100"), .print_heading = print_heading, .print_row = print_row};
    return take_nothing(order.words, argc, argv, &output) == EXIT_DONE ? list_all(&order) : EXIT_WRONG_USE;
}

/* ---- get and delete ---- */

static const char WHICH[] = "which client? Give one client_id";

int clients_get_command(int argc, char **argv)
{
    static const char WORDS[] = "clients get";
    struct output output = {NULL, NULL};
    if (take_one(WORDS, argc, argv, &output, WHICH) != EXIT_DONE) return EXIT_WRONG_USE;
    return give_order(&(struct admin_order){.words = WORDS, .output = &output, .method = "GET", .path = "/admin/clients/", .segment = argv[0], .show = show_client});
}

static int show_deleted(const struct admin_order *order, const struct json *answer)
{
    (void)answer;
    return printf("deleted %s; its grants have ended\n", order->segment), EXIT_DONE;
}

int clients_delete_command(int argc, char **argv)
{
    static const char WORDS[] = "clients delete";
    struct output output = {NULL, NULL};
    if (take_one(WORDS, argc, argv, &output, WHICH) != EXIT_DONE) return EXIT_WRONG_USE;
    return give_order(&(struct admin_order){.words = WORDS, .output = &output, .method = "DELETE", .path = "/admin/clients/", .segment = argv[0], .show = show_deleted});
}
