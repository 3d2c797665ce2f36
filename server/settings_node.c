#include "server/settings_node.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/secret.h"

struct building {
    struct arena *arena;
    struct bytes text;
    const char *environment;
    struct complaints *complaints;
    yaml_parser_t parser;
    struct node *root;
    struct node *open[NODE_DEPTH_MAX],
        *last[NODE_DEPTH_MAX]; /* the container of each level, and its last member so far */
    size_t depth;
    bool named; /* name and name_place are those of the member to come */
    struct bytes name;
    struct place name_place;
    unsigned document_count;
};

static struct place place_of(const struct building *b, const yaml_mark_t *mark)
{
    return (struct place){b->environment, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

/* "clients[2].scope": where in the tree the reading is */
static const char *path_of(const struct building *b, char path[256])
{
    size_t len = 0;
    path[0] = 0;
    for (size_t i = 1; i <= b->depth && len < 200; i++) {
        struct bytes name = i < b->depth ? b->open[i]->name : b->named ? b->name : BYTES_ABSENT;
        const struct node *container = b->open[i - 1];
        int wrote = 0;
        if (container->kind == NODE_LIST)
            wrote = snprintf(path + len, 256 - len, "[%zu]", container->count - (i < b->depth));
        else if (bytes_present(name))
            wrote = snprintf(path + len, 256 - len, "%s%.40s", len > 0 ? "." : "", name.at);
        len += (size_t)wrote;
    }
    return path;
}

static bool refuse(struct building *b, const yaml_mark_t *mark, const char *what)
{
    char path[256];
    struct place place = place_of(b, mark);
    return complain(b->complaints, &place, path_of(b, path), "%s", what);
}

/* libyaml's words quote nothing of the text */
static bool refuse_syntax(struct building *b)
{
    const yaml_parser_t *p = &b->parser;
    struct place place = place_of(b, &p->problem_mark);
    if (p->error == YAML_READER_ERROR) {
        place.line = place.column = 1;
        for (size_t i = 0; i < p->problem_offset && i < b->text.len; i++) {
            place.column = b->text.at[i] == '\n' ? 1 : place.column + 1;
            place.line += b->text.at[i] == '\n';
        }
    }
    return complain(b->complaints, &place, NULL, "this is not YAML: %s%s%s",
                    p->problem == NULL ? "no memory" : p->problem, p->context == NULL ? "" : ", ",
                    p->context == NULL ? "" : p->context);
}

static struct node *add(struct building *b, enum node_kind kind, const yaml_mark_t *mark)
{
    struct node *node = arena_take(b->arena, sizeof *node);
    if (node == NULL) return NULL;
    node->kind = kind;
    node->place = place_of(b, mark);
    if (b->named) {
        node->name = b->name;
        node->name_place = b->name_place;
    }
    b->named = false;
    if (b->depth == 0) {
        b->root = node;
        return node;
    }
    struct node *parent = b->open[b->depth - 1], **last = &b->last[b->depth - 1];
    if (*last == NULL)
        parent->first = node;
    else
        (*last)->next = node;
    *last = node;
    parent->count++;
    return node;
}

/* Is it a name that comes next, and not a value? */
static bool awaits_name(const struct building *b)
{
    return b->depth > 0 && b->open[b->depth - 1]->kind == NODE_TABLE && !b->named;
}

static bool check_room(struct building *b, const yaml_mark_t *mark)
{
    if (b->depth == 0 || b->open[b->depth - 1]->count < NODE_MEMBERS_MAX) return true;
    return refuse(b, mark, "more than 4096 members");
}

static bool take_name(struct building *b, const yaml_event_t *event)
{
    struct bytes name = {(const char *)event->data.scalar.value, event->data.scalar.length};
    const struct node *before = node_find(b->open[b->depth - 1], name);
    b->name = arena_copy(b->arena, name);
    b->name_place = place_of(b, &event->start_mark);
    b->named = true;
    if (strlen((const char *)name.at) != name.len) refuse(b, &event->start_mark, "a name must not hold a NUL");
    if (before != NULL) {
        char path[256];
        complain(b->complaints, &b->name_place, path_of(b, path), "is there twice, the first time in line %u",
                 before->name_place.line);
    }
    return bytes_present(b->name);
}

static bool is_nothing(const yaml_event_t *event)
{
    static const char *const WORDS[] = {"", "~", "null", "Null", "NULL"};
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (strcmp((const char *)event->data.scalar.value, WORDS[i]) == 0) return true;
    return false;
}

/* behind a | or > the text begins in the next line, at its indentation */
static struct place block_place(const struct building *b, const yaml_mark_t *mark)
{
    struct bytes rest = b->text;
    struct place place = {b->environment, (unsigned)mark->line + 2, 1};
    for (size_t line = 0; line <= mark->line; line++) {
        size_t end = bytes_find(rest, '\n');
        if (end == rest.len) return place;
        rest = (struct bytes){rest.at + end + 1, rest.len - end - 1};
    }
    while (place.column <= rest.len && rest.at[place.column - 1] == ' ') place.column++;
    return place;
}

static void place_text(const struct building *b, struct node *node, const yaml_event_t *event)
{
    switch (event->data.scalar.style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: node->place.column++; return;
    case YAML_LITERAL_SCALAR_STYLE:
    case YAML_FOLDED_SCALAR_STYLE: node->place = block_place(b, &event->start_mark); return;
    case YAML_ANY_SCALAR_STYLE:
    case YAML_PLAIN_SCALAR_STYLE: return;
    }
}

static bool take_text(struct building *b, const yaml_event_t *event)
{
    struct bytes text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    if (strlen(text.at) != text.len) refuse(b, &event->start_mark, "a text must not hold a NUL");
    struct node *node = add(b, is_nothing(event) ? NODE_NOTHING : NODE_TEXT, &event->start_mark);
    if (node == NULL || node->kind == NODE_NOTHING) return node != NULL;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_copy(b->arena, text);
    place_text(b, node, event);
    return bytes_present(node->text);
}

static bool take_scalar(struct building *b, yaml_event_t *event)
{
    if (event->data.scalar.tag != NULL)
        refuse(b, &event->start_mark, "tags (! and !!) are not understood here; a value in quotes is a text");
    bool taken = awaits_name(b) ? take_name(b, event) : check_room(b, &event->start_mark) && take_text(b, event);
    secret_wipe(event->data.scalar.value, event->data.scalar.length);
    return taken;
}

static bool open_container(struct building *b, enum node_kind kind, const yaml_event_t *event)
{
    const yaml_char_t *tag = kind == NODE_LIST ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    if (tag != NULL) refuse(b, &event->start_mark, "tags (! and !!) are not understood here");
    if (awaits_name(b)) return refuse(b, &event->start_mark, "a name must be a word, and not a list or table");
    if (b->depth == NODE_DEPTH_MAX) return refuse(b, &event->start_mark, "more than 32 levels");
    struct node *node = check_room(b, &event->start_mark) ? add(b, kind, &event->start_mark) : NULL;
    if (node == NULL) return false;
    b->last[b->depth] = NULL;
    b->open[b->depth++] = node;
    return true;
}

static bool take_alias(struct building *b, const yaml_event_t *event)
{
    if (awaits_name(b)) return refuse(b, &event->start_mark, "an alias (*name) can't be a name");
    refuse(b, &event->start_mark,
           "aliases (*name) are not understood here; write the value out, in quotes if it begins with *");
    return check_room(b, &event->start_mark) && add(b, NODE_NOTHING, &event->start_mark) != NULL;
}

static bool begin_document(struct building *b, const yaml_event_t *event)
{
    if (b->document_count++ == 0) return true;
    b->depth = 0;
    return refuse(b, &event->start_mark, "a second document begins here; there may be one");
}

/* false: there is no use in going on */
static bool take_event(struct building *b, yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT: return begin_document(b, event);
    case YAML_ALIAS_EVENT: return take_alias(b, event);
    case YAML_SCALAR_EVENT: return take_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT: return open_container(b, NODE_LIST, event);
    case YAML_MAPPING_START_EVENT: return open_container(b, NODE_TABLE, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: b->depth--; return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT: return true;
    }
    return true;
}

static bool build(struct building *b)
{
    yaml_event_t event;
    for (bool good = true, ended = false; !ended;) {
        if (!yaml_parser_parse(&b->parser, &event)) return refuse_syntax(b);
        good = take_event(b, &event);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (!good) return false;
    }
    return true;
}

bool node_parse(struct arena *arena, struct bytes text, const char *environment, struct complaints *complaints,
                struct node **root)
{
    struct building b = {.arena = arena, .text = text, .environment = environment, .complaints = complaints};
    if (!yaml_parser_initialize(&b.parser)) return complain(complaints, NULL, NULL, "no memory");
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)text.at, text.len);
    bool built = build(&b);
    yaml_parser_delete(&b.parser);
    *root = b.root;
    return built;
}

const struct node *node_find(const struct node *table, struct bytes name)
{
    if (table == NULL || table->kind != NODE_TABLE) return NULL;
    for (const struct node *member = table->first; member != NULL; member = member->next)
        if (bytes_equal(member->name, name)) return member;
    return NULL;
}

static size_t digits(struct bytes *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->at[len] >= '0' && rest->at[len] <= '9') len++;
    *rest = (struct bytes){rest->at + len, rest->len - len};
    return len;
}

static bool take_one_of(struct bytes *rest, const char *characters)
{
    if (rest->len == 0 || strchr(characters, rest->at[0]) == NULL) return false;
    *rest = (struct bytes){rest->at + 1, rest->len - 1};
    return true;
}

/* RFC 8259 6 */
static bool is_json_number(struct bytes text)
{
    take_one_of(&text, "-");
    bool zero = bytes_start_with(text, BYTES("0"));
    size_t whole = digits(&text);
    if (whole == 0 || (zero && whole > 1)) return false;
    if (take_one_of(&text, ".") && digits(&text) == 0) return false;
    if (!take_one_of(&text, "eE")) return text.len == 0;
    take_one_of(&text, "+-");
    return digits(&text) > 0 && text.len == 0;
}

static bool is_json_word(struct bytes text)
{
    return bytes_equal(text, BYTES("true")) || bytes_equal(text, BYTES("false")) || is_json_number(text);
}

static void write_members(struct text *t, const struct node *node)
{
    for (const struct node *member = node->first; member != NULL; member = member->next) {
        if (node->kind == NODE_TABLE)
            text_put_json_name(t, member->name);
        else if (member != node->first)
            text_put_char(t, ',');
        node_write_json(t, member);
    }
}

void node_write_json(struct text *t, const struct node *node)
{
    switch (node->kind) {
    case NODE_NOTHING: text_put(t, BYTES("null")); return;
    case NODE_TEXT:
        if (node->plain && is_json_word(node->text))
            text_put(t, node->text);
        else
            text_put_json(t, node->text);
        return;
    case NODE_LIST:
        text_put_char(t, '[');
        write_members(t, node);
        text_put_char(t, ']');
        return;
    case NODE_TABLE:
        text_put_char(t, '{');
        write_members(t, node);
        text_put_char(t, '}');
        return;
    }
}
