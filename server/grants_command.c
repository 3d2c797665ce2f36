/* grants_command: `hydrant grants list|revoke`, on top of the admin API. */
#include <stdio.h>

#include "server/command.h"
#include "server/command_answer.h"
#include "server/command_list.h"

enum { PATH_ARENA_MAX = 64 * 1024, MINUTE_LEN = 16 };

/* whose grants */
struct whose {
    const char *session, *subject, *client;
};

static int count_of(const struct whose *w) { return (w->session != NULL) + (w->subject != NULL) + (w->client != NULL); }

static struct bytes write_path(const struct whose *w, struct arena *arena)
{
    struct text t;
    const char *name = w->session != NULL ? "session" : w->subject != NULL ? "subject" : "client";
    const char *value = w->session != NULL ? w->session : w->subject != NULL ? w->subject : w->client;
    text_init(&t, arena, 256);
    text_put_format(&t, "/admin/grants?%s=", name);
    put_escaped(&t, bytes_of(value));
    return text_bytes(&t);
}

/* what is left at argv[0..]: their number, or -1 after a complaint */
static int take_whose(const char *words, int argc, char **argv, struct whose *whose, struct output *output)
{
    const struct command_option options[] = {
        {.name = "--session", .value = &whose->session}, {.name = "--subject", .value = &whose->subject}, {.name = "--client", .value = &whose->client},
        {.name = "--format", .value = &output->format}, {.name = "--endpoint", .value = &output->endpoint}, {.name = NULL},
    };
    int rest = take_options(words, argc, argv, options);
    return rest >= 0 && check_format(words, output) == EXIT_DONE ? rest : -1;
}

/* ---- list ---- */

static void print_heading(void)
{
    printf("%-36s  %-8s  %-20s  %-36s  %-36s  %-16s  %-16s  %-16s  %s\n", "GRANT", "STATE", "CLIENT", "SUBJECT", "SESSION", "CREATED", "LAST ROTATED", "ENDS", "BECAUSE");
}

static struct bytes text_of(const struct json *record, const char *name) { return json_string(json_find(record, name)); }

/* "2026-11-24 06:01"; "-" for none */
static void print_minute(struct bytes time)
{
    if (time.len < MINUTE_LEN) printf("%-16s  ", "-");
    else printf("%.10s %.5s  ", time.at, time.at + 11);
}

/* times of one form are in the order of their letters; b may be absent */
static struct bytes earlier(struct bytes a, struct bytes b)
{
    if (!bytes_present(b)) return a;
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (a.at[i] != b.at[i]) return a.at[i] < b.at[i] ? a : b;
    return a;
}

/* the first of its ends: that of its session may move yet */
static struct bytes end_of(const struct json *record)
{
    struct bytes revoked_at = text_of(record, "revoked_at");
    if (bytes_present(revoked_at)) return revoked_at;
    return earlier(earlier(text_of(record, "idle_expires_at"), text_of(record, "expires_at")), text_of(record, "session_expires_at"));
}

static void print_row(const struct json *record)
{
    printf("%-36.*s  %-8.*s  %-20.*s  %-36.*s  %-36.*s  ", BYTES_PRINT(text_of(record, "grant_id")), BYTES_PRINT(text_of(record, "state")),
        BYTES_PRINT(text_of(record, "client_id")), BYTES_PRINT(text_of(record, "subject")), BYTES_PRINT(text_of(record, "session_id")));
    print_minute(text_of(record, "created_at"));
    print_minute(text_of(record, "rotated_at"));
    print_minute(end_of(record));
    printf("%.*s\n", BYTES_PRINT(text_of(record, "revoked_because")));
}

int grants_list_command(int argc, char **argv)
{
    static const char WORDS[] = "grants list";
    struct output output = {NULL, NULL};
    struct whose whose = {NULL, NULL, NULL};
    struct arena arena;
    int rest = take_whose(WORDS, argc, argv, &whose, &output);
    if (rest < 0) return EXIT_WRONG_USE;
    if (rest > 0) return wrong_use(WORDS, "what is %s?", argv[0]);
    if (count_of(&whose) != 1) return wrong_use(WORDS, "whose? Give one of --session, --subject and --client");
    arena_init(&arena, PATH_ARENA_MAX);
    int exit_code = list_all(&(struct list_order){.words = WORDS, .output = &output, .path = write_path(&whose, &arena), .print_heading = print_heading, .print_row = print_row});
    arena_release(&arena);
    return exit_code;
}

/* ---- revoke ---- */

static int show_revoked(const struct admin_order *order, const struct json *answer)
{
    int64_t count = 0;
    if (!json_integer(json_find(answer, "revoked"), 0, INT64_MAX, &count)) return fprintf(stderr, "hydrant %s: the server's answer can't be read\n", order->words), EXIT_FAILED;
    if (count == 0) puts("nothing revoked: no such grant was live.");
    else printf("revoked %lld %s; access tokens that are out stay valid until they expire.\n", (long long)count, count == 1 ? "grant" : "grants");
    return EXIT_DONE;
}

int grants_revoke_command(int argc, char **argv)
{
    static const char WORDS[] = "grants revoke";
    struct output output = {NULL, NULL};
    struct whose whose = {NULL, NULL, NULL};
    struct admin_order order = {.words = WORDS, .output = &output, .method = "DELETE", .path = "/admin/grants/", .show = show_revoked};
    struct arena arena;
    int rest = take_whose(WORDS, argc, argv, &whose, &output);
    if (rest < 0) return EXIT_WRONG_USE;
    if (rest + count_of(&whose) != 1) return wrong_use(WORDS, "which? Give one grant's ID, or one of --session, --subject and --client");
    arena_init(&arena, PATH_ARENA_MAX);
    if (rest == 1) order.segment = argv[0];
    else order.path = write_path(&whose, &arena).at;
    int exit_code = give_order(&order);
    arena_release(&arena);
    return exit_code;
}
