/* token_command: `hydrant token inspect|verify`: for people who wonder why a token is refused. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/command.h"
#include "server/token_inspect.h"
#include "server/token_keys.h"
#include "server/token_verify.h"
#include "server/token_words.h"

enum { TOKEN_TEXT_MAX = 64 * 1024, TOKEN_ARENA_MAX = 16 * 1024 * 1024, LEEWAY_MAX_MS = 24 * 60 * 60 * 1000 };

/* ---- what both take ---- */

static bool wants_json(const char *format) { return format != NULL && strcmp(format, "json") == 0; }
static bool is_format(const char *format)
{
    return format == NULL || wants_json(format) || strcmp(format, "table") == 0;
}

/* without the line's end that a shell puts behind it */
static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.at[text.len - 1]) != NULL) text.len--;
    while (text.len > 0 && strchr(" \t\r\n", text.at[0]) != NULL) text = (struct bytes){text.at + 1, text.len - 1};
    return text;
}

static bool read_standard_input(struct arena *arena, struct bytes *token, struct fault *fault)
{
    char *at = arena_take(arena, TOKEN_TEXT_MAX + 1);
    *token = (struct bytes){at, fread(at, 1, TOKEN_TEXT_MAX + 1, stdin)};
    if (ferror(stdin)) return fault_set(fault, FAULT_INPUT, "token", "standard input can't be read");
    return token->len <= TOKEN_TEXT_MAX ||
           fault_set(fault, FAULT_INPUT, "token", "what stands on standard input is longer than %d KiB: it is no token",
                     (int)TOKEN_TEXT_MAX / 1024);
}

/* word: NULL, or the one argument */
static bool read_token(const char *word, struct arena *arena, struct bytes *token, struct fault *fault)
{
    bool given = word != NULL && strcmp(word, "-") != 0;
    *token = bytes_of(word);
    if (!given && !read_standard_input(arena, token, fault)) return false;
    *token = trim(*token);
    return token->len > 0 ||
           fault_set(fault, FAULT_INPUT, "token", "there is no token: give it as an argument or on standard input");
}

static int fail(const char *words, const struct fault *fault)
{
    fprintf(stderr, "hydrant %s: %s\n", words, fault->what);
    return EXIT_FAILED;
}

/* ---- inspect ---- */

static int inspect(const char *word, const char *format)
{
    struct arena arena;
    struct text out;
    struct fault fault;
    struct inspection inspection = {.now_ms = clock_now_ms(), .as_json = wants_json(format)};
    arena_init(&arena, TOKEN_ARENA_MAX);
    text_init(&out, &arena, 1024);
    bool good = read_token(word, &arena, &inspection.token, &fault) && token_inspect(&inspection, &out, &fault);
    if (good) printf("%.*s", BYTES_PRINT(text_bytes(&out)));
    int exit_code = good ? EXIT_DONE : fail("token inspect", &fault);
    arena_release(&arena);
    return exit_code;
}

int token_inspect_command(int argc, char **argv)
{
    static const char WORDS[] = "token inspect";
    const char *format = NULL;
    const struct command_option options[] = {{.name = "--format", .value = &format}, {.name = NULL}};
    int rest = take_options(WORDS, argc, argv, options);
    if (rest < 0) return EXIT_WRONG_USE;
    if (rest > 1) return wrong_use(WORDS, "what is %s?", argv[1]);
    if (!is_format(format)) return wrong_use(WORDS, "--format is table or json");
    return inspect(rest == 1 ? argv[0] : NULL, format);
}

/* ---- verify ---- */

struct verify_options {
    const char *jwks, *issuer, *audience, *type, *leeway, *format;
    int64_t leeway_ms;
};

static const char *outcome_word(enum check_outcome outcome)
{
    return outcome == CHECK_OK ? "ok" : outcome == CHECK_FAILED ? "failed" : "not_asked";
}

static void print_json(const struct token_report *report, struct arena *arena)
{
    struct text out;
    text_init(&out, arena, 2048);
    text_put_format(&out, "{\"verified\":%s,\"checks\":[", report->failed_count == 0 ? "true" : "false");
    for (enum check_index i = 0; i < CHECKS_LEN; i++) {
        const struct token_check *check = &report->checks[i];
        text_put_format(&out, "%s{\"name\":\"%s\",\"outcome\":\"%s\",\"words\":", i > 0 ? "," : "", check_name(i),
                        outcome_word(check->outcome));
        text_put_json(&out, check->words);
        text_put_char(&out, '}');
    }
    text_put(&out, BYTES("],\"remarks\":["));
    for (const struct set_remark *remark = report->remarks; remark != NULL; remark = remark->next) {
        if (remark != report->remarks) text_put_char(&out, ',');
        text_put_json(&out, remark->words);
    }
    text_put(&out, BYTES("]}\n"));
    printf("%.*s", BYTES_PRINT(text_bytes(&out)));
}

static void print_table(const struct token_report *report)
{
    for (enum check_index i = 0; i < CHECKS_LEN; i++)
        printf("%-10s %-10s %.*s\n", check_name(i), check_outcome_name(report->checks[i].outcome),
               BYTES_PRINT(report->checks[i].words));
    if (report->remarks != NULL) puts("\nWARNING, of the key set, whatever the token:");
    for (const struct set_remark *remark = report->remarks; remark != NULL; remark = remark->next)
        printf("  %.*s\n", BYTES_PRINT(remark->words));
    if (report->failed_count == 0)
        puts("\nThe token is good, as far as was asked.");
    else
        printf("\nThe token is not to be trusted: %zu check%s failed.\n", report->failed_count,
               report->failed_count == 1 ? "" : "s");
}

static int verify(const char *word, const struct verify_options *o)
{
    struct arena arena;
    struct fault fault;
    struct token_report report;
    struct token_question question = {.issuer = bytes_of(o->issuer),
                                      .audience = bytes_of(o->audience),
                                      .type = bytes_of(o->type),
                                      .leeway_ms = o->leeway_ms};
    arena_init(&arena, TOKEN_ARENA_MAX);
    int exit_code = EXIT_FAILED;
    if (key_set_is_unprotected(o->jwks))
        fputs("hydrant token verify: WARNING: the key set comes over http: anyone on the way can put keys of his own "
              "into it, "
              "and then any token is good. Use https, or a file from a source that you trust\n",
              stderr);
    if (!read_token(word, &arena, &question.token, &fault) ||
        (question.keys = read_key_set(o->jwks, &arena, &fault)) == NULL) {
        fail("token verify", &fault);
    } else {
        question.now_ms = clock_now_ms();
        token_verify(&question, &arena, &report);
        if (wants_json(o->format))
            print_json(&report, &arena);
        else
            print_table(&report);
        if (report.failed_count == 0) exit_code = EXIT_DONE;
    }
    arena_release(&arena);
    return exit_code;
}

int token_verify_command(int argc, char **argv)
{
    static const char WORDS[] = "token verify";
    struct verify_options o = {.leeway = "60s"};
    const struct command_option options[] = {
        {.name = "--jwks", .value = &o.jwks},
        {.name = "--issuer", .value = &o.issuer},
        {.name = "--audience", .value = &o.audience},
        {.name = "--type", .value = &o.type},
        {.name = "--leeway", .value = &o.leeway},
        {.name = "--format", .value = &o.format},
        {.name = NULL},
    };
    int rest = take_options(WORDS, argc, argv, options);
    if (rest < 0) return EXIT_WRONG_USE;
    if (rest > 1) return wrong_use(WORDS, "what is %s?", argv[1]);
    if (o.jwks == NULL)
        return wrong_use(WORDS, "--jwks is missing: the address of the key set, or a file that holds it");
    if (strcmp(o.jwks, "-") == 0)
        return wrong_use(WORDS, "--jwks is an address or a file; on standard input stands the token");
    if (!is_format(o.format)) return wrong_use(WORDS, "--format is table or json");
    if (!clock_parse_duration(bytes_of(o.leeway), &o.leeway_ms) || o.leeway_ms < 0 || o.leeway_ms > LEEWAY_MAX_MS)
        return wrong_use(WORDS, "--leeway is a duration such as 60s, of 24h at most");
    return verify(rest == 1 ? argv[0] : NULL, &o);
}
