#include "server/settings_node.h"

#include "unit/server/settings_case.h"

static struct arena arena;

static struct node *parse(const char *yaml, size_t len)
{
    struct complaints to = {.tell = remember, .file = "hydrant.yml"};
    struct node *root;
    complaints[0] = 0;
    complaint_count = 0;
    arena_release(&arena);
    return node_parse(&arena, (struct bytes){yaml, len}, NULL, &to, &root) ? root : NULL;
}

static struct node *parse_text(const char *yaml) { return parse(yaml, strlen(yaml)); }

/* refused with one line that holds the words, and without a tree */
static bool refused_early(const char *yaml, const char *words)
{
    bool good = parse_text(yaml) == NULL && complaint_count == 1 && strstr(complaints, words) != NULL;
    if (!good) fprintf(stderr, "  said:\n%s", complaints);
    return good;
}

/* refused with one line that holds the words, but with a tree */
static bool refused_late(const char *yaml, const char *words)
{
    bool good = parse_text(yaml) != NULL && complaint_count == 1 && strstr(complaints, words) != NULL;
    if (!good) fprintf(stderr, "  said:\n%s", complaints);
    return good;
}

static struct bytes json_of(const char *yaml)
{
    struct text t;
    struct node *root = parse_text(yaml);
    if (root == NULL) return BYTES_ABSENT;
    text_init(&t, &arena, 64);
    node_write_json(&t, root);
    return text_bytes(&t);
}

static bool stands_at(const struct node *table, const char *name, unsigned line, unsigned column)
{
    const struct node *node = node_find(table, bytes_of(name));
    if (node != NULL && node->place.line == line && node->place.column == column) return true;
    if (node != NULL) fprintf(stderr, "  %s is at %u:%u\n", name, node->place.line, node->place.column);
    return false;
}

static void test_places(void)
{
    TEST("a value knows its line and column, a text in quotes or in a block those of its first character")
    {
        const struct node *root =
            parse_text("a: 1\nb: 'two'\nc: \"three\"\nd: |\n    four\n    more\ne: >-\n  five\nf: {g: [6]}\n");
        CHECK(stands_at(root, "a", 1, 4) && stands_at(root, "b", 2, 5) && stands_at(root, "c", 3, 5));
        CHECK(stands_at(root, "d", 5, 5) && stands_at(root, "e", 8, 3) && stands_at(root, "f", 9, 4));
        CHECK(stands_at(node_find(root, BYTES("f")), "g", 9, 8));
        CHECK_BYTES(node_find(root, BYTES("d"))->text, BYTES("four\nmore\n"));
    }
    TEST("no value, ~ and null are nothing, in quotes they are texts")
    {
        const struct node *root = parse_text("a:\nb: ~\nc: null\nd: 'null'\ne: ''\n");
        CHECK(node_find(root, BYTES("a"))->kind == NODE_NOTHING && node_find(root, BYTES("b"))->kind == NODE_NOTHING);
        CHECK(node_find(root, BYTES("c"))->kind == NODE_NOTHING && node_find(root, BYTES("d"))->kind == NODE_TEXT);
        CHECK(node_find(root, BYTES("e"))->kind == NODE_TEXT && node_find(root, BYTES("e"))->text.len == 0);
    }
    TEST("an empty text is no mistake, and no tree")
    {
        CHECK(parse_text("# nothing\n") == NULL && complaint_count == 0);
    }
    TEST("what is absent is not found, in a list neither")
    {
        const struct node *root = parse_text("[a, b]");
        CHECK(root->count == 2 && node_find(root, BYTES("a")) == NULL && node_find(NULL, BYTES("a")) == NULL);
    }
}

static void test_refusals(void)
{
    TEST("what is no YAML is refused with line and column")
    {
        CHECK(refused_early("a: 1\nb: [1\n", "hydrant.yml:3:1: this is not YAML: "));
    }
    TEST("a byte that is no UTF-8 is refused with line and column")
    {
        CHECK(refused_early("a: 1\nb: \xff\n", "hydrant.yml:2:4: this is not YAML: "));
    }
    TEST("a name twice is refused, in every table, with both lines")
    {
        CHECK(refused_late("a:\n  - b: 1\n    c: 2\n    b: 3\n",
                           "hydrant.yml:4:5: a[0].b: is there twice, the first time in line 2"));
    }
    TEST("a second document is refused")
    {
        CHECK(refused_early("a: 1\n---\nb: 1\n", "hydrant.yml:2:1: a second document begins here"));
    }
    TEST("an alias is refused")
    {
        CHECK(refused_late("a: &x 1\nb: *x\n", "hydrant.yml:2:4: b: aliases (*name) are not understood here"));
    }
    TEST("an alias as a name is refused")
    {
        CHECK(refused_early("a: &x 1\n*x : 1\n", "an alias (*name) can't be a name"));
    }
    TEST("a tag is refused")
    {
        CHECK(refused_late("a: !!str 1\n", "hydrant.yml:1:4: a: tags (! and !!) are not understood here"));
    }
    TEST("a tag of a list is refused")
    {
        CHECK(refused_late("a: !x [1]\n", "hydrant.yml:1:4: a: tags (! and !!) are not understood here"));
    }
    TEST("a list as a name is refused") { CHECK(refused_early("[a]: 1\n", "a name must be a word")); }
    TEST("a NUL in a text or name is refused")
    {
        CHECK(refused_late("a: \"x\\0y\"\n", "a: a text must not hold a NUL"));
        CHECK(refused_late("\"a\\0b\": 1\n", "a name must not hold a NUL"));
    }
}

static void test_bounds(void)
{
    TEST("32 levels are read, and not 33")
    {
        char yaml[80] = "";
        memset(yaml, '[', 32);
        memset(yaml + 32, ']', 32);
        CHECK(parse(yaml, 64) != NULL && complaint_count == 0);
        memset(yaml, '[', 33);
        memset(yaml + 33, ']', 33);
        CHECK(parse(yaml, 66) == NULL && strstr(complaints, "more than 32 levels") != NULL);
    }
    TEST("4096 members are read, and not 4097")
    {
        char yaml[2 * 4097 + 2] = "[";
        for (size_t i = 0; i < 4097; i++) memcpy(yaml + 1 + 2 * i, "1,", 2);
        CHECK(parse(yaml, 1 + 2 * 4097) == NULL && strstr(complaints, "more than 4096 members") != NULL);
        memcpy(yaml + 1 + 2 * 4096, "]", 1);
        CHECK(parse(yaml, 2 + 2 * 4096) != NULL && complaint_count == 0);
    }
    TEST("a million brackets end the reading at once")
    {
        static char yaml[1024 * 1024];
        memset(yaml, '[', sizeof yaml);
        CHECK(parse(yaml, sizeof yaml) == NULL && complaint_count == 1);
    }
}

static void test_json(void)
{
    TEST("tables, lists and nothing become JSON")
    {
        CHECK_BYTES(json_of("{a: [1, {b: }], 'c': []}"), BYTES("{\"a\":[1,{\"b\":null}],\"c\":[]}"));
    }
    TEST("plain numbers and true stay, in quotes they are strings")
    {
        CHECK_BYTES(json_of("[0, -12, 1.50, 2e-3, true, false]"), BYTES("[0,-12,1.50,2e-3,true,false]"));
        CHECK_BYTES(json_of("['0', \"true\"]"), BYTES("[\"0\",\"true\"]"));
    }
    TEST("what JSON has no number for is a string")
    {
        CHECK_BYTES(json_of("[007, 0x1F, .5, 1., 1e, +1, 1_000, yes, -]"),
                    BYTES("[\"007\",\"0x1F\",\".5\",\"1.\",\"1e\",\"+1\",\"1_000\",\"yes\",\"-\"]"));
    }
    TEST("what stands in a string is escaped") { CHECK_BYTES(json_of("['a\"b\\c']"), BYTES("[\"a\\\"b\\\\c\"]")); }
}

int main(void)
{
    arena_init(&arena, 4 << 20);
    test_places();
    test_refusals();
    test_bounds();
    test_json();
    arena_release(&arena);
    return TEST_END();
}
