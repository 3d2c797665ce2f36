#include "server/command_list.h"

#include <stdio.h>

#include "server/command.h"

enum { LIST_ARENA_MAX = 64 * 1024 * 1024 };

struct listing {
    const struct list_order *order;
    struct arena arena; /* of the page */
    struct arena next_arena;
    struct bytes next; /* the path of the page to come; absent: there is none */
    size_t shown;
    bool begun;
};

static void begin(struct listing *l)
{
    if (l->begun) return;
    l->begun = true;
    if (wants_json(l->order->output)) fputs("[", stdout);
    else l->order->print_heading();
}

static void print_page(struct listing *l, const struct json *page)
{
    bool as_json = wants_json(l->order->output);
    begin(l);
    for (const struct json *record = page->first; record != NULL; record = record->next, l->shown++) {
        struct text t;
        text_init(&t, &l->arena, 512);
        if (as_json) json_write(&t, record);
        if (as_json) printf("%s%.*s", l->shown > 0 ? ",\n" : "", BYTES_PRINT(text_bytes(&t)));
        else l->order->print_row(record);
    }
}

/* </admin/...>; rel="next": the only link that the server gives */
static struct bytes path_of_link(struct bytes link)
{
    size_t end = bytes_find(link, '>');
    if (link.len < 2 || link.at[0] != '<' || end == link.len) return BYTES_ABSENT;
    return bytes_end_with(link, BYTES("; rel=\"next\"")) ? (struct bytes){link.at + 1, end - 1} : BYTES_ABSENT;
}

static bool list_page(struct listing *l)
{
    const struct list_order *order = l->order;
    const struct json_limits limits = {.size_max = LIST_ARENA_MAX, .unique_names = false};
    const struct admin_call call = {.endpoint = order->output->endpoint, .method = "GET", .path = l->next};
    struct admin_result result;
    struct fault unreadable;
    if (!ask_admin(order->words, &call, &l->arena, &result)) return false;
    const struct json *page = json_parse(&l->arena, result.body, &limits, &unreadable);
    if (!json_is(page, JSON_ARRAY)) return fprintf(stderr, "hydrant %s: the server's answer can't be read\n", order->words), false;
    print_page(l, page);
    arena_release(&l->next_arena);
    l->next = arena_copy(&l->next_arena, path_of_link(result.link));
    arena_release(&l->arena);
    return true;
}

int list_all(const struct list_order *order)
{
    struct listing l = {.order = order};
    bool good = true;
    arena_init(&l.arena, LIST_ARENA_MAX);
    arena_init(&l.next_arena, LIST_ARENA_MAX);
    l.next = order->path;
    while (good && bytes_present(l.next)) good = list_page(&l);
    if (good && wants_json(order->output)) fputs("]\n", stdout);
    arena_release(&l.arena);
    arena_release(&l.next_arena);
    return good ? EXIT_DONE : EXIT_FAILED;
}
