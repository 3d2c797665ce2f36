#include "claims/program.h"

#include "claims/value.h"
#include "unit/json_text.h"
#include "unit/test.h"

static struct arena arena;
static struct fault fault;
static struct claims_input input;

static struct program *make(const char *expression)
{
    struct expression e = {BYTES("c"), bytes_of(expression), 0, 0};
    return program_create(&e, 1, (struct bindings){.hydra = false}, &fault);
}

static struct bytes read_result(struct program *program)
{
    jv value;
    struct text out;
    const char *why = program_result(program, 0, &value);
    if (why != NULL) return bytes_of(why);
    text_init(&out, &arena, 64);
    why = value_write(&out, value, 16384);
    jv_free(value);
    return why == NULL ? text_bytes(&out) : bytes_of(why);
}

/* the result as JSON, the kind of failure, or what the fault says */
static struct bytes run(struct program *program)
{
    fault = (struct fault){FAULT_NONE, "", ""};
    if (!program_run(program, &input, &arena, &fault)) return arena_copy(&arena, bytes_of(fault.what));
    struct bytes result = read_result(program);
    program_done(program);
    return result;
}

static struct bytes eval(const char *expression)
{
    struct program *program = make(expression);
    if (program == NULL) return arena_copy(&arena, bytes_of(fault.what));
    struct bytes result = run(program);
    program_destroy(program);
    return result;
}

static bool refused(const char *expression, const char *words)
{
    struct program *program = make(expression);
    bool right = program == NULL && fault.kind == FAULT_INPUT && strstr(fault.what, words) != NULL;
    if (!right) fprintf(stderr, "%s: %s\n", expression, program == NULL ? fault.what : "taken");
    program_destroy(program);
    return right;
}

static void check_place(struct expression e, const char *words)
{
    CHECK(program_create(&e, 1, (struct bindings){.hydra = false}, &fault) == NULL && fault.kind == FAULT_INPUT);
    CHECK_BYTES(bytes_of(fault.what), bytes_of(words));
}

static void check_places(void)
{
    struct expression e = {BYTES("email"), BYTES("no_such"), 12, 10};
    check_place(e, "claim \"email\", line 12, column 10: no_such/0 is not defined");
    e.text = BYTES(".a\n| no_such\n| .b");
    check_place(e, "claim \"email\", line 13: no_such/0 is not defined");
    e.text = BYTES(".a\n| .b\n| env");
    check_place(e, "claim \"email\", line 12, column 10: env is not available here");
    e.line = 0;
    e.text = BYTES(".a\n|\n| .b");
    check_place(e, "claim \"email\", line 3 of it: syntax error, unexpected '|'");
    e = (struct expression){BYTES_ABSENT, BYTES("{a: no_such}"), 3, 5};
    check_place(e, "the claims program, line 3, column 5: no_such/0 is not defined");
    struct expression three[] = {
        {BYTES("a"), BYTES("1 + 1"), 1, 1}, {BYTES("b"), BYTES("nope"), 2, 1}, {BYTES("c"), BYTES("2"), 3, 1}};
    CHECK(program_create(three, 3, (struct bindings){.hydra = false}, &fault) == NULL);
    CHECK_BYTES(bytes_of(fault.what), BYTES("claim \"b\", line 2, column 1: nope/0 is not defined"));
}

static void check_usable_after(const char *bomb, const char *words)
{
    struct expression both[] = {{BYTES("a"), BYTES(".deep | if . then 1 else 0 end"), 0, 0},
                                {BYTES("b"), bytes_of(bomb), 0, 0}};
    struct program *program = program_create(both, 2, (struct bindings){.hydra = false}, &fault);
    const struct json *session = input.session;
    CHECK(program != NULL);
    for (int i = 0; i < 3; i++) {
        input.session = json_of(&arena, BYTES("{\"deep\":true}"));
        CHECK(bytes_contain(run(program), bytes_of(words)) && fault.kind == FAULT_BUG);
        input.session = json_of(&arena, BYTES("{\"deep\":false}"));
        CHECK_BYTES(run(program), BYTES("0"));
    }
    input.session = session;
    program_destroy(program);
}

int main(void)
{
    arena_init(&arena, 64 << 20);
    input = (struct claims_input){
        .session = json_of(&arena, BYTES("{\"a\":{\"b\":\"S\303\266hne\"},\"n\":9007199254740993,\"day\":1e300,"
                                         "\"list\":[3,1,2]}")),
        .client = BYTES("{\"client_id\":\"spa\"}"),
        .scope = BYTES("openid offline_access"),
        .audience = BYTES("[\"https://api.test\"]")};
    TEST("an expression sees the session, and $client, $scope, $audience beside it")
    {
        CHECK_BYTES(eval(".a.b"), BYTES("\"S\303\266hne\""));
        CHECK_BYTES(eval("$session.list | sort"), BYTES("[1,2,3]"));
        CHECK_BYTES(eval("$client.client_id"), BYTES("\"spa\""));
        CHECK_BYTES(eval("$scope | split(\" \") | index(\"offline_access\")"), BYTES("1"));
        CHECK_BYTES(eval("$audience[0]"), BYTES("\"https://api.test\""));
    }
    TEST("no value, two values and a failure are told apart")
    {
        CHECK_BYTES(eval("empty"), BYTES("no value"));
        CHECK_BYTES(eval("error(null)"), BYTES("no value"));
        CHECK_BYTES(eval(".list[]"), BYTES("more than one value"));
        CHECK_BYTES(eval("1, error"), BYTES("the expression failed"));
        CHECK_BYTES(eval(".list.x"), BYTES("the expression failed"));
        CHECK_BYTES(eval("error(\"secret words\")"), BYTES("the expression failed"));
        CHECK_BYTES(eval("try error(\"x\") catch ."), BYTES("\"x\""));
        CHECK_BYTES(eval("null"), BYTES("null"));
    }
    TEST("what reaches beyond the session is refused by name")
    {
        static const char *const gone[] = {"env",
                                           "input",
                                           "inputs",
                                           "debug",
                                           "debug(1)",
                                           "stderr",
                                           "halt",
                                           "halt_error",
                                           "halt_error(1)",
                                           "input_filename",
                                           "input_line_number",
                                           "modulemeta",
                                           "get_search_list",
                                           "localtime",
                                           "strflocaltime(\"%c\")",
                                           "fromstream(1)"};
        for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) CHECK(refused(gone[i], " is not available here"));
        CHECK(refused("env.HOME", "claim \"c\": env is not available here"));
        CHECK(refused("$ENV.HOME", "$ENV is not available here") && refused("$ ENV", "$ENV") &&
              refused("[.a, $ENV]", "$ENV"));
        CHECK(refused("import \"a\" as a; 1", "syntax error") && refused("include \"a\"; 1", "syntax error"));
        CHECK(refused("$identity_admin", "$identity_admin is not defined"));
        CHECK(refused("$__prog_args", "not defined"));
    }
    TEST("what is wrong is said in jq's words, without ours around it")
    {
        CHECK(make("no_such") == NULL);
        CHECK_BYTES(bytes_of(fault.what), BYTES("claim \"c\": no_such/0 is not defined"));
        CHECK(make(".a |") == NULL);
        CHECK_BYTES(bytes_of(fault.what), BYTES("claim \"c\": syntax error, unexpected $end"));
        CHECK(refused("", "unexpected $end") && refused("# a comment", "unexpected $end") &&
              refused(".a)", "syntax error"));
        CHECK(refused("%", "syntax error"));
        struct expression e = {BYTES("c"), BYTES(".a\0.b"), 0, 0};
        CHECK(program_create(&e, 1, (struct bindings){.hydra = false}, &fault) == NULL &&
              strstr(fault.what, "NUL") != NULL);
    }
    TEST("the place is told where it is known") check_places();
    TEST("a comment, a definition and several lines are all right")
    {
        CHECK_BYTES(eval(".a # a comment\n| .b"), BYTES("\"S\303\266hne\""));
        CHECK_BYTES(eval("def f: 1; f + f"), BYTES("2"));
        CHECK_BYTES(eval(".list\n  | length # last"), BYTES("3"));
    }
    TEST("a loop without end is cut, and the program goes on working")
    {
        check_usable_after("if .deep then (def f: f; f) else 1 end", "too long");
        check_usable_after("if .deep then last(repeat(1)) else 1 end", "took too");
        check_usable_after("if .deep then (\"abc\" | gsub(\"\"; \"x\")) else 1 end", "took too");
    }
    TEST("what eats memory is cut, and the program goes on working")
    {
        check_usable_after("if .deep then [range(1e9)] else 1 end", "took too");
        check_usable_after("if .deep then reduce range(100) as $i (\"xxxxxxxxxxx\"; . + .) else 1 end", "memory");
        check_usable_after("if .deep then reduce range(1e6) as $i (null; [.]) else 1 end", "took too");
        check_usable_after("if .deep then ([] | .[500000] = 1) else 1 end", "memory");
    }
    TEST("what crashes jq is a failure")
    {
        CHECK_BYTES(eval(".day | todate"), BYTES("the expression failed"));
        CHECK_BYTES(eval(".day | strftime(\"%Y\")"), BYTES("the expression failed"));
        CHECK_BYTES(eval("0 | strftime([1])"), BYTES("the expression failed"));
        CHECK_BYTES(eval("[] | .[1431655765] = 1"), BYTES("the expression failed"));
        CHECK_BYTES(eval("[] | .[1431655765] |= 1"), BYTES("the expression failed"));
        CHECK_BYTES(eval("[] | .[1431655765] += 1"), BYTES("the expression failed"));
        CHECK_BYTES(eval("[] | setpath([1431655765]; 1)"), BYTES("the expression failed"));
        CHECK_BYTES(eval("-.day % -1"), BYTES("0"));
        CHECK_BYTES(eval("\"abc\" | [indices(\"\"), index(\"\"), rindex(\"\")]"), BYTES("[null,null,null]"));
        CHECK_BYTES(eval("[.a.b | scan(\"x*\")]"), BYTES("the expression failed"));
    }
    TEST("one step that would take all memory is a failure")
    {
        CHECK_BYTES(eval("\"abc\" * 1000"), BYTES("the expression failed"));
        CHECK_BYTES(eval("1000 * \"abc\""), BYTES("the expression failed"));
        CHECK_BYTES(eval("reduce range(16) as $i (\"[]\"; . + .) | fromjson"), BYTES("the expression failed"));
        CHECK_BYTES(eval("reduce range(17) as $i (\"a\"; . + .) | test(\"b\")"), BYTES("the expression failed"));
        CHECK(bytes_contain(eval("reduce range(100) as $i (1; [., .]) | tojson"), BYTES("too")));
    }
    TEST("what stands in for these works as ever")
    {
        CHECK_BYTES(eval("0 | todate"), BYTES("\"1970-01-01T00:00:00Z\""));
        CHECK_BYTES(eval("86400 | strftime(\"%Y-%m-%d\")"), BYTES("\"1970-01-02\""));
        CHECK_BYTES(eval("0 | gmtime | strftime(\"%Y\")"), BYTES("\"1970\""));
        CHECK_BYTES(eval(".list[1] = 7 | .a.b |= length | .a.c += 2 | .list |= map(. + 1) | [.list, .a]"),
                    BYTES("[[4,8,3],{\"b\":5,\"c\":2}]"));
        CHECK_BYTES(eval("{a: [1, 2]} | .a[] |= empty | .a | length"), BYTES("1"));
        CHECK_BYTES(eval("setpath([\"a\", \"b\"]; 1) | .a.b"), BYTES("1"));
        CHECK_BYTES(eval("[7 % 4, -7 % 4, 7 % -1, 5 % 3.9]"), BYTES("[3,-3,0,2]"));
        CHECK_BYTES(eval("[2 * 3, ({a: {b: 1}} * {a: {c: 2}})]"), BYTES("[6,{\"a\":{\"b\":1,\"c\":2}}]"));
        CHECK_BYTES(eval("\"a,b,c\" | [indices(\",\"), index(\",\"), rindex(\",\")]"), BYTES("[[1,3],1,3]"));
        CHECK_BYTES(eval("[1, 2, 1] | [indices(1), index(1), rindex(1)]"), BYTES("[[0,2],0,2]"));
        CHECK_BYTES(eval("[1, 2, 1, 2] | [indices([1, 2]), index([9]), rindex(2)]"), BYTES("[[0,2],null,3]"));
        CHECK_BYTES(eval("\"[1]\" | fromjson"), BYTES("[1]"));
        CHECK_BYTES(eval("[7 % 0]"), BYTES("the expression failed"));
        CHECK_BYTES(
            eval("[\"a\\(1 + 1)\", @base64 \"x\\(\"y\")\", ([1, \"b\"] | @csv), ([1] | tojson), (1.5 | tostring)]"),
            BYTES("[\"a2\",\"xeQ==\",\"1,\\\"b\\\"\",\"[1]\",\"1.5\"]"));
        CHECK_BYTES(eval("[\"a\", \"b\"] | join(\"-\")"), BYTES("\"a-b\""));
    }
    TEST("a number whose digits are lost goes into no text")
    {
        CHECK_BYTES(eval(".n | tostring"), BYTES("the expression failed"));
        CHECK_BYTES(eval("\"user-\\(.n)\""), BYTES("the expression failed"));
        CHECK_BYTES(eval("@base64 \"\\(.n)\""), BYTES("the expression failed"));
        CHECK_BYTES(eval("{a: [.n]} | tojson"), BYTES("the expression failed"));
        CHECK_BYTES(eval("[.n, \"a\"] | join(\"-\")"), BYTES("the expression failed"));
        CHECK_BYTES(eval("[.n] | @csv"), BYTES("the expression failed"));
        CHECK(bytes_contain(eval("{id: .n}"), BYTES("digits")) && bytes_contain(eval(".n + 2"), BYTES("digits")));
    }
    TEST("what is no JSON, or has a number that is too long, is a fault, and what is absent is null")
    {
        struct claims_input good = input;
        input.client = BYTES("{");
        CHECK(bytes_contain(eval("1"), BYTES("no JSON")));
        input = good;
        input.audience = BYTES("[");
        CHECK(bytes_contain(eval("1"), BYTES("no JSON")));
        char digits[VALUE_DIGITS_MAX + 2] = "";
        memset(digits, '1', sizeof digits - 1);
        input = good;
        input.session = json_of(&arena, bytes_of(digits));
        CHECK_BYTES(eval("1"), BYTES("a number that came in is too long"));
        input = (struct claims_input){.session = json_of(&arena, BYTES("{}"))};
        CHECK_BYTES(eval("[$client, $scope, $audience]"), BYTES("[null,\"\",null]"));
    }
    arena_release(&arena);
    return TEST_END();
}
