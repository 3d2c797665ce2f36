/* main: finds the command. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/keys.h"
#include "server/command.h"
#include "server/health.h"
#include "server/metrics.h"
#include "server/settings.h"

static int version_command(int argc, char **argv)
{
    if (argc > 0) return wrong_use("version", "what is %s?", argv[0]);
    puts("hydrant " HYDRANT_VERSION);
    return EXIT_DONE;
}

static int help_command(int argc, char **argv);

#define CONFIG_OPTION                                                                                                  \
    "  -c, --config FILE   the settings, YAML or JSON; each setting may also come from the environment,\n"             \
    "                      which wins (hydrant help settings names them all)\n"
#define ADMIN_OPTIONS                                                                                                  \
    "  --endpoint URL      the admin API (default: http://127.0.0.1:4478, or HYDRANT_ADMIN_ENDPOINT)\n"                \
    "  --format FORMAT     table (default) or json\n"                                                                  \
    "The admin token is read from HYDRANT_ADMIN_TOKEN, where the server asks for one.\n"

#define WHOSE_OPTIONS                                                                                                  \
    "  --session ID        the Kratos session's id (sid in its access tokens)\n"                                       \
    "  --subject ID        the identity's id in Kratos\n"                                                              \
    "  --client ID         the client_id\n"

#define TOKEN_ARGUMENT                                                                                                 \
    "  TOKEN               the token; without it, or as -, it is read from standard input, which keeps it out of the\n" \
    "                      shell's history and the list of processes; 64 KiB at most\n"

const struct command COMMANDS[] = {
    {"serve", "run the server",
        "Usage: hydrant serve -c FILE [--dev]\n\n" CONFIG_OPTION
        "  --dev               allow an issuer that is neither https nor on loopback\n\n"
        "Runs in the foreground and logs to standard error. SIGTERM or SIGINT: finishes what is under way (25 s at most) and ends with 0.\n"
        "An SQLite file is made and brought up to date by itself; for Postgres run `hydrant migrate` first.\n",
        serve_command},
    {"migrate", "make or update the database's schema",
        "Usage: hydrant migrate -c FILE\n\n" CONFIG_OPTION
        "\nEach step is one transaction; two at once wait for each other. Needs no secret but the dsn's, and a role that may create tables; `serve` needs only\n"
        "SELECT, INSERT, UPDATE and DELETE on them.\n",
        migrate_command},
    {"config check", "read the settings and say what is wrong with them",
        "Usage: hydrant config check -c FILE [--dev]\n\n" CONFIG_OPTION
        "\nStarts nothing and connects to nothing. Every complaint names file, line, column, key and what would be right.\n",
        config_check_command},
    {"clients create", "register an OAuth2 client",
        "Usage: hydrant clients create [options]\n\n"
        "  --id ID             client_id (default: a new uuid)\n"
        "  --name NAME         client_name, for people\n"
        "  --method METHOD     token_endpoint_auth_method: client_secret_basic (default), client_secret_post, or none for apps\n"
        "                      that can't keep a secret (single-page and native apps)\n"
        "  --scope \"A B\"       what it may have\n"
        "  --audience AUD      a resource that it may name; may be given more than once\n"
        "  --origin ORIGIN     an origin whose scripts may call for it (CORS); may be given more than once\n"
        "  --secret-hash HASH  the secret's hash from Hydra, in single quotes: '$pbkdf2-sha256$...', '$2a$...'; the client keeps the\n"
        "                      secret that it has\n"
        "  --grant-type TYPE   refresh_token, or urn:ietf:params:oauth:grant-type:token-exchange; default: both\n"
        "  --file FILE         the whole record as JSON instead (- for standard input)\n" ADMIN_OPTIONS
        "\nWithout --secret-hash the secret is made by the server and shown once: keep it.\n",
        clients_create_command},
    {"clients list", "list the clients", "Usage: hydrant clients list [options]\n\n" ADMIN_OPTIONS, clients_list_command},
    {"clients get", "show a client", "Usage: hydrant clients get ID [options]\n\n" ADMIN_OPTIONS, clients_get_command},
    {"clients delete", "delete a client; its grants end at once", "Usage: hydrant clients delete ID [options]\n\n" ADMIN_OPTIONS, clients_delete_command},
    {"keys list", "show the signing keys: which signs, until when, what is next", "Usage: hydrant keys list [options]\n\n" ADMIN_OPTIONS, keys_list_command},
    {"keys rotate", "let the pending key sign now",
        "Usage: hydrant keys rotate [options]\n\n"
        "  --algorithm ALG     this one only (default: all of keys.algorithms)\n"
        "  --force             also when the pending key is younger than keys.publish_before: who keeps an old key set may meet a\n"
        "                      key that he doesn't know, until he fetches it anew\n"
        "  --fresh             for a leak of the database and secrets.system: every key that there is goes at once, whatever its state,\n"
        "                      of algorithms that keys.algorithms no longer has too (with --algorithm: all of that one); new ones take\n"
        "                      their places, and the tokens of the old ones die. Says which went\n" ADMIN_OPTIONS
        "\nKeys rotate by themselves: this is for a key that may have leaked, or for trying it out.\n",
        keys_rotate_command},
    {"keys revoke", "take a leaked key out of the key set and of signing at once",
        "Usage: hydrant keys revoke KID [options]\n\n" ADMIN_OPTIONS
        "\nWhere it is the active one the pending key takes over. Says which tokens die by it, and until when caches may know it still.\n"
        "A KID that begins with - goes behind --.\n",
        keys_revoke_command},
    {"keys reseal", "seal the private keys under the first of secrets.system",
        "Usage: hydrant keys reseal [options]\n\n" ADMIN_OPTIONS
        "\nAfter a change of secrets.system, once the new secret is first on every server. The signing keys no longer need the old one then;\n"
        "refresh tokens that it made do, until refresh_token.absolute_ttl is over: take it out after that (docs/keys.md).\n",
        keys_reseal_command},
    {"grants list", "list the grants of a session, a subject or a client",
        "Usage: hydrant grants list --session ID | --subject ID | --client ID [options]\n\n" WHOSE_OPTIONS ADMIN_OPTIONS
        "\nShows what each was granted for, when it was used last and when it ends; never a token, a secret or a claim. Ended grants are shown\n"
        "for a day.\n",
        grants_list_command},
    {"grants revoke", "end a grant, or all of a session, a subject or a client, at once",
        "Usage: hydrant grants revoke GRANT | --session ID | --subject ID | --client ID [options]\n\n"
        "  GRANT               the grant's id, as `hydrant grants list` shows it\n" WHOSE_OPTIONS ADMIN_OPTIONS
        "\nSays how many were live. Their refresh tokens are dead on every server at once; what is under way at this moment ends too. Access tokens\n"
        "that are out stay valid until they expire. In Kratos nothing ends: a person who still has a session there gets new tokens (docs/ending.md).\n",
        grants_revoke_command},
    {"token inspect", "show what stands in a token, verifying nothing",
        "Usage: hydrant token inspect [TOKEN | -] [--format FORMAT]\n\n" TOKEN_ARGUMENT
        "  --format FORMAT     table (default) or json\n"
        "\nA JWT: its header and payload, its times as dates. A refresh token (hrt_...): its version, the id of the system secret that signed it,\n"
        "its grant and generation; never its secret. Nothing is verified: anyone can write such a token.\n",
        token_inspect_command},
    {"token verify", "check a JWT as a resource server does, and say what is wrong with it",
        "Usage: hydrant token verify [TOKEN | -] --jwks URL|FILE [options]\n\n" TOKEN_ARGUMENT
        "  --jwks URL|FILE     the key set: the issuer's /.well-known/jwks.json, or a copy of it in a regular file; 256 KiB and 100 keys at most.\n"
        "                      Over http, unless from this machine, anyone on the way can put in keys of his own: there is a warning\n"
        "  --issuer ISSUER     what iss must be, letter for letter\n"
        "  --audience AUD      what must be in aud\n"
        "  --type TYPE         what typ must be, e.g. at+jwt\n"
        "  --leeway TIME       how far clocks may differ (default: 60s; at most 24h)\n"
        "  --format FORMAT     table (default) or json\n"
        "\nEvery check is listed with its values: ok, FAILED, or not asked. Signatures are checked by Hydrant and, where it knows the algorithm,\n"
        "by libjwt. Ends with 0 when nothing failed, else with 1.\n",
        token_verify_command},
    {"health", "ask the running server whether it is ready",
        "Usage: hydrant health [options]\n\n"
        "  --endpoint URL      the admin API (default: http://127.0.0.1:4478, or HYDRANT_ADMIN_ENDPOINT)\n"
        "  --format FORMAT     table (default) or json\n"
        "\nEnds with 0 when it is, with 1 when it isn't or doesn't answer within 10 s; says why. Needs no token. For a container's health check.\n",
        health_command},
    {"version", "say which version this is", "Usage: hydrant version\n", version_command},
    {"help", "explain a command, the settings, or the metrics",
        "Usage: hydrant help [COMMAND | settings [--markdown] | metrics [--markdown]]\n", help_command},
    {NULL, NULL, NULL, NULL},
};

static void print_overview(FILE *to)
{
    fputs("Hydrant turns an Ory Kratos session into a JWT that refreshes, can be revoked, and verifies against a JWKS.\n\nUsage: hydrant COMMAND ...\n\n", to);
    for (const struct command *c = COMMANDS; c->words != NULL; c++) fprintf(to, "  %-16s %s\n", c->words, c->summary);
    fputs("\nhydrant help COMMAND says more; hydrant help settings lists every setting.\nExit status: 0 done, 1 failed, 2 wrong use.\n", to);
}

/* the commands that begin with this word; false: there are none */
static bool print_group(FILE *to, const char *word)
{
    size_t len = strlen(word);
    bool found = false;
    for (const struct command *c = COMMANDS; c->words != NULL; c++) {
        if (strncmp(c->words, word, len) != 0 || c->words[len] != ' ') continue;
        if (!found) fprintf(to, "Usage: hydrant %s COMMAND ...\n\n", word);
        fprintf(to, "  %-16s %s\n", c->words, c->summary);
        found = true;
    }
    if (found) fputs("\nhydrant help COMMAND says more.\n", to);
    return found;
}

static void print_line(const char *text) { puts(text); }

/* how many of the words in argv name this command; 0: another one */
static int words_match(const char *words, int argc, char **argv)
{
    char joined[64] = "";
    for (int n = 0; n < argc && n < 2; n++) {
        size_t len = strlen(joined);
        if ((size_t)snprintf(joined + len, sizeof joined - len, "%s%s", n > 0 ? " " : "", argv[n]) >= sizeof joined - len) return 0;
        if (strcmp(joined, words) == 0) return n + 1;
    }
    return 0;
}

static const struct command *find_command(int argc, char **argv, int *word_count)
{
    for (const struct command *c = COMMANDS; c->words != NULL; c++)
        if ((*word_count = words_match(c->words, argc, argv)) > 0) return c;
    return NULL;
}

static int help_command(int argc, char **argv)
{
    int word_count;
    if (argc == 0) return print_overview(stdout), EXIT_DONE;
    if (strcmp(argv[0], "settings") == 0) {
        settings_describe(print_line, argc > 1 && strcmp(argv[1], "--markdown") == 0);
        return EXIT_DONE;
    }
    if (strcmp(argv[0], "metrics") == 0) {
        metrics_help(print_line, argc > 1 && strcmp(argv[1], "--markdown") == 0);
        return EXIT_DONE;
    }
    const struct command *command = find_command(argc, argv, &word_count);
    if (command == NULL && argc == 1 && print_group(stdout, argv[0])) return EXIT_DONE;
    if (command == NULL) return wrong_use("help", "there is no command %s", argv[0]);
    printf("hydrant %s: %s\n\n%s", command->words, command->summary, command->help);
    return EXIT_DONE;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

int main(int argc, char **argv)
{
    int word_count;
    signal(SIGPIPE, SIG_IGN); /* a peer that has left shows as a failed write */
    if (!keys_wipe_freed()) abort();
    if (argc == 2 && strcmp(argv[1], "--version") == 0) return version_command(0, NULL);
    const struct command *command = find_command(argc - 1, argv + 1, &word_count);
    if (command == NULL && (argc == 1 || !asks_for_help(argc, argv))) {
        if (argc > 1) fprintf(stderr, "hydrant: there is no command %s%s%s\n\n", argv[1], argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
        if (argc == 1 || !print_group(stderr, argv[1])) print_overview(stderr);
        return EXIT_WRONG_USE;
    }
    if (command == NULL && !print_group(stdout, argv[1])) print_overview(stdout);
    if (command == NULL) return EXIT_DONE;
    if (asks_for_help(argc, argv)) return help_command(word_count, argv + 1);
    return command->run(argc - 1 - word_count, argv + 1 + word_count);
}
