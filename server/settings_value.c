/* settings_value: what a node says for a row: type, range, words. */
#include "base/clock.h"
#include "server/settings_reader.h"

struct reading {
    struct reader *r;
    const struct setting *row;
    const char *key;
    const struct node *node;
    struct setting_value *value;
};

static bool refuse(const struct reading *x, const char *what)
{
    char right[SETTING_WORDS_MAX];
    setting_right(x->row, right);
    return complain(&x->r->complaints, &x->node->place, x->key, "%s; right would be %s", what, right);
}

/* shows the value: for types that hold no secret */
static bool refuse_text(const struct reading *x, const char *what)
{
    char right[SETTING_WORDS_MAX];
    setting_right(x->row, right);
    return complain(&x->r->complaints, &x->node->place, x->key, "%.60s %s; right would be %s", x->node->text.at, what,
                    right);
}

static bool read_number(const struct reading *x)
{
    uint64_t number;
    if (!x->node->plain) return refuse_text(x, "in quotes is a text");
    if (!bytes_to_number(x->node->text, INT64_MAX, &number)) return refuse_text(x, "is no whole number");
    x->value->number = (int64_t)number;
    return (x->value->number >= x->row->least && x->value->number <= x->row->most) || refuse_text(x, "is out of range");
}

static bool read_duration(const struct reading *x)
{
    if (!clock_parse_duration(x->node->text, &x->value->number)) return refuse_text(x, "is no duration");
    return (x->value->number >= x->row->least && x->value->number <= x->row->most) || refuse_text(x, "is out of range");
}

/* not YAML 1.1's yes, on and so on: who means a text must not get true */
static bool read_bool(const struct reading *x)
{
    x->value->number = bytes_equal(x->node->text, BYTES("true"));
    if (x->node->plain && (x->value->number == 1 || bytes_equal(x->node->text, BYTES("false")))) return true;
    return refuse_text(x, x->node->plain ? "is neither true nor false" : "in quotes is a text");
}

static bool read_choice(const struct reading *x)
{
    struct bytes rest = bytes_of(x->row->right), word;
    x->value->number = 0;
    for (; bytes_take_word(&rest, ' ', &word); x->value->number++)
        if (bytes_equal(word, x->node->text)) return true;
    return refuse_text(x, "is none of them");
}

static bool read_text(const struct reading *x)
{
    x->value->text = x->node->text;
    if (x->node->text.len == 0) return refuse(x, "is empty; leave it out to have the default");
    switch (x->row->type) {
    case TYPE_COUNT: return read_number(x);
    case TYPE_DURATION: return read_duration(x);
    case TYPE_BOOL: return read_bool(x);
    case TYPE_CHOICE: return read_choice(x);
    case TYPE_TEXT:
    case TYPE_SECRET:
    case TYPE_LIST:
    case TYPE_SECRETS:
    case TYPE_CLAIMS:
    case TYPE_TABLE:
    case TYPE_RECORDS: return true;
    }
    return true;
}

static bool read_list(const struct reading *x)
{
    struct bytes_list *list = &x->value->list;
    list->at = arena_take(x->r->arena, (x->node->count + 1) * sizeof *list->at);
    if (list->at == NULL) return false;
    for (const struct node *item = x->node->first; item != NULL; item = item->next) {
        if (item->kind != NODE_TEXT || item->text.len == 0) {
            struct reading here = *x;
            here.node = item;
            return refuse(&here, "an item is no text");
        }
        if (x->row->type == TYPE_LIST && bytes_list_have(list, item->text))
            return complain(&x->r->complaints, &item->place, x->key, "an item is there twice");
        list->at[list->count++] = item->text;
    }
    return true;
}

static bool kind_fits(enum setting_type type, enum node_kind kind)
{
    switch (type) {
    case TYPE_TEXT:
    case TYPE_SECRET:
    case TYPE_COUNT:
    case TYPE_DURATION:
    case TYPE_BOOL:
    case TYPE_CHOICE: return kind == NODE_TEXT;
    case TYPE_LIST:
    case TYPE_SECRETS:
    case TYPE_RECORDS: return kind == NODE_LIST;
    case TYPE_TABLE: return kind == NODE_TABLE;
    case TYPE_CLAIMS: return kind == NODE_TEXT || kind == NODE_TABLE;
    }
    return false;
}

static const char *wrong_kind(enum node_kind kind)
{
    switch (kind) {
    case NODE_NOTHING: return "is nothing";
    case NODE_TEXT: return "is a single value";
    case NODE_LIST: return "is a list";
    case NODE_TABLE: return "is a table";
    }
    return "";
}

bool setting_value_read(struct reader *r, const struct setting *row, const char *key, const struct node *node,
                        struct setting_value *value)
{
    const struct reading x = {r, row, key, node, value};
    *value = (struct setting_value){.said = true, .place = node->place, .node = node};
    if (!kind_fits(row->type, node->kind)) return refuse(&x, wrong_kind(node->kind));
    if (node->kind == NODE_TEXT) return read_text(&x);
    return row->type == TYPE_LIST || row->type == TYPE_SECRETS ? read_list(&x) : true;
}

static struct node *add_text(struct arena *arena, struct bytes text, const struct place *place)
{
    struct node *node = arena_take(arena, sizeof *node);
    if (node == NULL) return NULL;
    *node = (struct node){.kind = NODE_TEXT, .place = *place, .text = arena_copy(arena, text), .plain = true};
    return bytes_present(node->text) ? node : NULL;
}

/* with commas between, as Ory's services have it */
static const struct node *list_node(struct arena *arena, struct bytes text, const struct place *place)
{
    struct node *list = arena_take(arena, sizeof *list);
    struct bytes rest = text, word;
    if (list == NULL) return NULL;
    *list = (struct node){.kind = NODE_LIST, .place = *place};
    for (struct node **next = &list->first; bytes_take_word(&rest, ',', &word); next = &(*next)->next, list->count++) {
        *next = add_text(arena, bytes_trim(word), place);
        if (*next == NULL) return NULL;
    }
    return list;
}

const struct node *setting_value_node(struct reader *r, const struct setting *row, struct bytes text,
                                      const struct place *place)
{
    struct node *root;
    switch (row->type) {
    case TYPE_TEXT:
    case TYPE_SECRET:
    case TYPE_COUNT:
    case TYPE_DURATION:
    case TYPE_BOOL:
    case TYPE_CHOICE: return add_text(r->arena, text, place);
    case TYPE_LIST:
    case TYPE_SECRETS: return list_node(r->arena, text, place);
    case TYPE_CLAIMS:
    case TYPE_TABLE:
    case TYPE_RECORDS: return node_parse(r->arena, text, place->environment, &r->complaints, &root) ? root : NULL;
    }
    return NULL;
}
