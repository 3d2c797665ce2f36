#include "server/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "server/settings_reader.h"

static void warn_of_readable_secrets(struct reader *r)
{
    struct stat file;
    if (!r->file_holds_secret || r->complaints.file == NULL || stat(r->complaints.file, &file) != 0) return;
    if (!S_ISREG(file.st_mode) || (file.st_mode & S_IROTH) == 0) return;
    complaint_warn(&r->complaints, "it holds secrets, and everyone on this machine may read it; chmod o-r helps");
}

static bool names_an_audience(const struct client *client) { return client->audience.count + client->default_audience.count > 0; }

/* nothing that is wrong: clients of the database may have their own */
static void warn_of_no_audience(struct reader *r)
{
    const struct policy *policy = &r->settings->policy;
    if (r->complaints.count > 0 || policy->audience.count > 0 || policy->profile_count > 1) return;
    for (size_t i = 0; i < policy->static_client_count; i++)
        if (names_an_audience(policy->static_clients[i])) return;
    complaint_warn(&r->complaints, "there is no access_token.audience, and no resource or client here has one: every exchange will be invalid_target, but of clients in the database that have an audience");
}

/* nor is this: the rest may serve */
static void warn_of_no_proxy(struct reader *r)
{
    const struct settings *settings = r->settings;
    if (r->complaints.count > 0 || settings->forward_auth.profile_count == 0 || settings->trusted_proxies[0] != NULL) return;
    complaint_warn(&r->complaints, "there are forward_auth.profiles, but serve.trusted_proxies is empty: every proxy that asks will get a 403");
}

/* what was read becomes settings; where the text broke off, or didn't fit, nothing else that is said of it would be
 * true */
static void fill(struct reader *r)
{
    read_environment_values(r);
    read_default_values(r);
    fill_settings(r);
    fill_profiles(r);
    fill_clients(r);
    fill_forward_auth(r);
    fill_hydra_hook(r);
    check_settings(r);
    warn_of_readable_secrets(r);
    warn_of_no_audience(r);
    warn_of_no_proxy(r);
}

static struct reader *create_reader(const struct settings_source *source, void (*tell)(const char *line))
{
    struct reader *r = calloc(1, sizeof *r);
    struct settings *settings = calloc(1, sizeof *settings);
    if (r == NULL || settings == NULL) abort();
    arena_init(&settings->arena, SETTINGS_ARENA_MAX);
    settings->file = source->file == NULL ? NULL : arena_text(&settings->arena, bytes_of(source->file));
    r->settings = settings;
    r->arena = &settings->arena;
    r->complaints = (struct complaints){.tell = tell, .file = settings->file};
    r->dev = source->dev;
    r->may_lack_secrets = source->may_lack_secrets;
    return r;
}

/* NULL: there were complaints */
static struct settings *end_reader(struct reader *r)
{
    struct settings *settings = r->settings;
    if (r->arena->overflowed)
        complain(&r->complaints, NULL, NULL, "the settings need more than %d bytes of memory", SETTINGS_ARENA_MAX);
    bool good = r->complaints.count == 0;
    free(r);
    if (good) return settings;
    settings_free(settings);
    return NULL;
}

struct settings *settings_read_text(const struct settings_source *source, struct bytes text,
                                    void (*tell)(const char *line))
{
    struct reader *r = create_reader(source, tell);
    if (read_file_values(r, text) && !r->arena->overflowed) fill(r);
    return end_reader(r);
}

struct settings *settings_read(const struct settings_source *source, void (*tell)(const char *line))
{
    struct reader *r = create_reader(source, tell);
    struct bytes text = BYTES_ABSENT;
    char why[128];
    bool read = source->file == NULL || read_whole_file(r->arena, source->file, SETTINGS_FILE_MAX, &text, why);
    if (!read) complain(&r->complaints, NULL, NULL, "%s", why);
    if (read && !r->arena->overflowed && (!bytes_present(text) || read_file_values(r, text))) fill(r);
    return end_reader(r);
}

void settings_free(struct settings *settings)
{
    if (settings == NULL) return;
    system_secrets_release(&settings->policy.secrets);
    arena_release(&settings->arena);
    free(settings);
}
