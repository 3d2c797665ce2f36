#include <sys/stat.h>
#include <unistd.h>

#include "unit/server/settings_case.h"

static char file_name[64];

static void write_file(const char *text, size_t len)
{
    snprintf(file_name, sizeof file_name, "/tmp/hydrant-settings-XXXXXX");
    int fd = mkstemp(file_name);
    CHECK(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    close(fd);
}

/* what LEAST gives with one variable set */
static struct settings *with(const char *name, const char *value)
{
    setenv(name, value, 1);
    struct settings *settings = accepted("");
    unsetenv(name);
    return settings;
}

static bool refused_with(const char *name, const char *value, const char *words)
{
    setenv(name, value, 1);
    bool good = refused(LEAST, words);
    unsetenv(name);
    return good;
}

static void test_variables(void)
{
    TEST("without any file the environment is enough")
    {
        const struct settings_source source = {.file = NULL};
        setenv("SECRETS_SYSTEM", SECRET "," OTHER_SECRET, 1);
        setenv("DSN", "memory", 1);
        struct settings *s = settings_read(&source, remember);
        CHECK(s != NULL && s->policy.secrets.count == 2 && strcmp(s->dsn, "memory") == 0 && s->file == NULL);
        settings_free(s);
        unsetenv("SECRETS_SYSTEM");
        unsetenv("DSN");
    }
    TEST("the environment wins over the file")
    {
        setenv("SERVE_WORKERS", "7", 1);
        struct settings *s = accepted("serve: {workers: 3}\n");
        CHECK(s != NULL && s->workers == 7);
        settings_free(s);
        unsetenv("SERVE_WORKERS");
    }
    TEST("an empty variable is not set")
    {
        struct settings *s = with("SERVE_WORKERS", "");
        CHECK(s != NULL && s->workers == 0);
        settings_free(s);
    }
    TEST("a wrong value names the variable and the key")
    {
        CHECK(refused_with("SERVE_PUBLIC_PORT", "99999",
                           "environment SERVE_PUBLIC_PORT: serve.public.port: 99999 is out of range; right would be a "
                           "number from 1 to 65535"));
        CHECK(refused_with("ACCESS_TOKEN_CLAIMS_USE_ADMIN_METADATA", "yes",
                           "environment ACCESS_TOKEN_CLAIMS_USE_ADMIN_METADATA: "));
    }
    TEST("a mistake in the secrets of the environment is told once, without the secret")
    {
        CHECK(refused_with("SECRETS_SYSTEM", "tooshort",
                           "environment SECRETS_SYSTEM: secrets.system[0] must have at least 32 characters"));
        CHECK(strstr(complaints, "tooshort") == NULL);
    }
}

static void test_lists_and_tables(void)
{
    TEST("a list has commas between, and spaces around an item don't count")
    {
        struct settings *s = with("ACCESS_TOKEN_AUDIENCE", "https://api.example.com , shop");
        CHECK(s != NULL && s->policy.audience.count == 2);
        if (s != NULL) CHECK_BYTES(s->policy.audience.at[0], BYTES("https://api.example.com"));
        if (s != NULL) CHECK_BYTES(s->policy.audience.at[1], BYTES("shop"));
        settings_free(s);
    }
    TEST("claims are JSON")
    {
        struct settings *s = with("ACCESS_TOKEN_CLAIMS", "{\"email\": \".identity.traits.email\", \"org?\": \".x\"}");
        CHECK(s != NULL && s->policy.profiles[0].claims.table_count == 2);
        settings_free(s);
    }
    TEST("a program is a JSON string")
    {
        struct settings *s = with("ACCESS_TOKEN_CLAIMS", "\"{email: .identity.traits.email}\"");
        CHECK(s != NULL);
        if (s != NULL) CHECK_BYTES(s->policy.profiles[0].claims.program, BYTES("{email: .identity.traits.email}"));
        settings_free(s);
    }
    TEST("resources and clients are JSON")
    {
        setenv("ACCESS_TOKEN_RESOURCES", "{\"https://a.example\": {\"ttl\": \"1m\"}}", 1);
        struct settings *s = with("CLIENTS", "[{\"client_id\": \"spa\", \"token_endpoint_auth_method\": \"none\"}]");
        unsetenv("ACCESS_TOKEN_RESOURCES");
        CHECK(s != NULL && s->policy.static_client_count == 1 && s->policy.profile_count == 2);
        settings_free(s);
    }
    TEST("what is no JSON is refused")
    {
        CHECK(refused_with("CLIENTS", "[{", "environment CLIENTS: this is not YAML"));
    }
    TEST("a mistake in a client names the variable")
    {
        CHECK(refused_with("CLIENTS", "[{\"client_id\": \"a b\"}]",
                           "environment CLIENTS: clients[0].client_id: must be"));
    }
}

static void test_files(void)
{
    TEST("NAME_FILE names a file with the value, one newline at its end is taken off")
    {
        write_file(OTHER_SECRET "\n", strlen(OTHER_SECRET) + 1);
        struct settings *s = with("SERVE_ADMIN_TOKEN_FILE", file_name);
        CHECK(s != NULL);
        if (s != NULL) CHECK_BYTES(s->admin_token, BYTES(OTHER_SECRET));
        settings_free(s);
        unlink(file_name);
    }
    TEST("only one newline is")
    {
        write_file(OTHER_SECRET "\n\n", strlen(OTHER_SECRET) + 2);
        CHECK(refused_with("SERVE_ADMIN_TOKEN_FILE", file_name,
                           "environment SERVE_ADMIN_TOKEN_FILE: serve.admin.token: (secret) is wrong"));
        CHECK(strstr(complaints, OTHER_SECRET) == NULL);
        unlink(file_name);
    }
    TEST("NAME and NAME_FILE at once are refused")
    {
        setenv("LOG_LEVEL_FILE", "/nowhere", 1);
        CHECK(refused_with("LOG_LEVEL", "info", "environment LOG_LEVEL_FILE: log.level: LOG_LEVEL is set too"));
        unsetenv("LOG_LEVEL_FILE");
    }
    TEST("a file that isn't there, is empty, or holds a NUL is refused")
    {
        CHECK(refused_with("DSN_FILE", "/nowhere/dsn",
                           "environment DSN_FILE: dsn: /nowhere/dsn can't be read: No such file or directory"));
        write_file("\n", 1);
        CHECK(refused_with("CLIENTS_FILE", file_name, "is empty"));
        CHECK(refused_with("DSN_FILE", file_name, "is empty"));
        unlink(file_name);
        write_file("mem\0ory", 7);
        CHECK(refused_with("DSN_FILE", file_name, "holds a NUL"));
        unlink(file_name);
    }
    TEST("secrets whose file isn't there are not told to be missing as well")
    {
        setenv("SECRETS_SYSTEM_FILE", "/nowhere", 1);
        CHECK(refused("dsn: memory\n", "environment SECRETS_SYSTEM_FILE: secrets.system: /nowhere can't be read"));
        unsetenv("SECRETS_SYSTEM_FILE");
    }
    TEST("a file without an end is not read to it")
    {
        CHECK(refused_with("DSN_FILE", "/dev/zero", "is larger than 1048576 bytes"));
    }
}

static void test_keys(void)
{
    TEST("an unknown key is refused, and a near one named")
    {
        CHECK(refused_too("kratos: {publik_url: http://x}\n",
                          "hydrant.yml:2:10: kratos.publik_url: unknown key; did you mean kratos.public_url?"));
    }
    TEST("one that is near none is sent to the list")
    {
        CHECK(
            refused_too("oauth2: {a: b}\n", "hydrant.yml:2:1: oauth2: unknown key; `hydrant help settings` lists all"));
    }
    TEST("keys joined by dots are refused")
    {
        CHECK(refused_too("serve.workers: 1\n", "serve.workers: unknown key; there is no dot in a key here"));
    }
    TEST("a key twice is refused, whatever it says")
    {
        CHECK(refused_too("dsn: memory\ndsn: memory\n",
                          "hydrant.yml:3:1: dsn: is there twice, the first time in line 2"));
    }
    TEST("settings that are no table are refused")
    {
        CHECK(refused("[1]\n", "hydrant.yml:1:1: the settings must be a table"));
    }
    TEST("what breaks off is told once, and not what is missing behind it")
    {
        CHECK(refused("dsn: [\n", "this is not YAML"));
    }
    TEST("JSON is YAML too")
    {
        struct settings *s = read_settings(
            "{\"dsn\": \"memory\", \"serve\": {\"workers\": 2},\n\t\"secrets\": {\"system\": [\"" SECRET "\"]}}");
        CHECK(s != NULL && s->workers == 2);
        settings_free(s);
    }
}

int main(void)
{
    test_variables();
    test_lists_and_tables();
    test_files();
    test_keys();
    return TEST_END();
}
