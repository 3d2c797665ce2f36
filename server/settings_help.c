/* settings_help: the table told to people: `hydrant help settings`, and docs/settings.md. */
#include <stdio.h>
#include <string.h>

#include "server/settings.h"
#include "server/settings_table.h"

enum { HELP_LINE_MAX = 1024 };

static const char *type_name(enum setting_type type)
{
    switch (type) {
    case TYPE_TEXT: return "text";
    case TYPE_SECRET: return "secret";
    case TYPE_COUNT: return "number";
    case TYPE_DURATION: return "duration";
    case TYPE_BOOL: return "bool";
    case TYPE_CHOICE: return "choice";
    case TYPE_LIST: return "list";
    case TYPE_SECRETS: return "list of secrets";
    case TYPE_CLAIMS: return "claims";
    case TYPE_TABLE: return "table";
    case TYPE_RECORDS: return "list of tables";
    }
    return "";
}

static void describe_row(void (*line)(const char *text), const struct setting *row, const char *environment)
{
    char text[HELP_LINE_MAX], right[SETTING_WORDS_MAX];
    setting_right(row, right);
    snprintf(text, sizeof text, "%s  %s  %s: %s; default: %s. %s", row->key, environment, type_name(row->type), right,
             *row->preset == 0 ? "none" : row->preset, row->sentence);
    line(text);
}

static void describe(void (*line)(const char *text))
{
    char name[SETTING_KEY_MAX];
    for (size_t i = 0; i < SETTINGS_LEN; i++) {
        setting_environment(SETTINGS[i].key, name);
        describe_row(line, &SETTINGS[i], name);
    }
    line("");
    line("Beneath an audience of access_token.resources (default: as in access_token):");
    for (size_t i = 0; i < RESOURCE_LEN; i++) describe_row(line, &RESOURCE_SETTINGS[i], "-");
    line("");
    line("Beneath a name of forward_auth.profiles:");
    for (size_t i = 0; i < FORWARD_LEN; i++) describe_row(line, &FORWARD_SETTINGS[i], "-");
}

/* ---- Markdown ---- */

static const char *const OPENING[] = {
    "# Settings",
    "",
    "`hydrant serve -c hydrant.yml` reads them from a file, in YAML or JSON. This page is made by `hydrant help "
    "settings --markdown`.",
    "",
    "Each setting may also come from the environment, under the name in the table; the environment wins over the file. "
    "`NAME_FILE` in place of `NAME` names a",
    "file that holds the value (a newline at its end is taken off); both at once are an error, and an empty variable "
    "counts as not set. In the environment lists",
    "have commas between their items; claims, resources, profiles and clients are JSON. A duration is a whole number and `ms`, "
    "`s`, `m`, `h` or `d`.",
    "",
    "`hydrant config check -c hydrant.yml` reads everything, compiles every jq expression, and tells all that is "
    "wrong, with file, line, column and what would be",
    "right. Unknown keys are errors. YAML's aliases and tags, and a second document, are refused.",
    "",
    "| key | environment | type | default | right is | what it does |",
    "|---|---|---|---|---|---|",
    NULL,
};

static const char *const RESOURCES[] = {
    "",
    "## One audience: access_token.resources",
    "",
    "What is left out is as in `access_token`.",
    "",
    "| key | type | right is | what it does |",
    "|---|---|---|---|",
    NULL,
};

static const char *const FORWARD[] = {
    "",
    "## One profile: forward_auth.profiles",
    "",
    "What they are for: [forward-auth](forward-auth.md).",
    "",
    "| key | type | right is | what it does |",
    "|---|---|---|---|",
    NULL,
};

static const char *const CLAIMS[] = {
    "",
    "## Claims",
    "",
    "```yaml",
    "access_token:",
    "  claims:",
    "    email: .identity.traits.email",
    "    org?: .identity.metadata_public.org        # optional: left out where the expression fails",
    "    name: '.identity.traits.name | \"\\(.first) \\(.last)\"'",
    "    roles: |",
    "      [.identity.metadata_public.roles[]? | select(startswith(\"app:\"))]",
    "```",
    "",
    "An expression that holds `: ` or ` #`, or begins with a quote, a bracket or a brace, means something else in "
    "YAML: put it in single quotes, or in the lines",
    "below a `|`.",
    NULL,
};

static void tell_all(void (*line)(const char *text), const char *const *texts)
{
    for (; *texts != NULL; texts++) line(*texts);
}

static void describe_rows(void (*line)(const char *text), const struct setting *rows, size_t count)
{
    char text[HELP_LINE_MAX], right[SETTING_WORDS_MAX];
    for (size_t i = 0; i < count; i++) {
        setting_right(&rows[i], right);
        snprintf(text, sizeof text, "| `%s` | %s | %s | %s |", rows[i].key, type_name(rows[i].type), right,
                 rows[i].sentence);
        line(text);
    }
}

static void describe_markdown(void (*line)(const char *text))
{
    char text[HELP_LINE_MAX], right[SETTING_WORDS_MAX], name[SETTING_KEY_MAX];
    tell_all(line, OPENING);
    for (size_t i = 0; i < SETTINGS_LEN; i++) {
        const struct setting *row = &SETTINGS[i];
        const char *quote = *row->preset == 0 ? "" : "`";
        setting_environment(row->key, name);
        setting_right(row, right);
        snprintf(text, sizeof text, "| `%s` | `%s` | %s | %s%s%s | %s | %s |", row->key, name, type_name(row->type),
                 quote, row->preset, quote, right, row->sentence);
        line(text);
    }
    tell_all(line, RESOURCES);
    describe_rows(line, RESOURCE_SETTINGS, RESOURCE_LEN);
    tell_all(line, FORWARD);
    describe_rows(line, FORWARD_SETTINGS, FORWARD_LEN);
    tell_all(line, CLAIMS);
}

void settings_describe(void (*line)(const char *text), bool as_markdown)
{
    if (as_markdown)
        describe_markdown(line);
    else
        describe(line);
}
