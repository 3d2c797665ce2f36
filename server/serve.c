/* serve: the commands that work with the settings: serve, migrate, config check. */
#include <signal.h>
#include <stdio.h>

#include "server/app.h"
#include "server/command.h"

enum { ADMIN_CONNECTIONS = 256 }; /* of each worker, whatever happens on the public port */

static void complain(const char *line) { fprintf(stderr, "%s\n", line); }
static void report(const char *line) { printf("%s\n", line); }

/* NULL after the complaints are out; *exit_code says how to end then */
static struct settings *read_settings(const char *words, struct settings_source source, int argc, char **argv, int *exit_code)
{
    const struct command_option options[] = {
        {.name = "--config", .value = &source.file},
        {.name = "--dev", .flag = &source.dev},
        {.name = NULL},
    };
    int rest = take_options(words, argc, argv, options);
    *exit_code = EXIT_WRONG_USE;
    if (rest < 0) return NULL;
    if (rest > 0) return wrong_use(words, "what is %s?", argv[0]), NULL;
    *exit_code = EXIT_FAILED;
    return settings_read(&source, complain);
}

static void print_fault(const char *words, const struct fault *fault) { fprintf(stderr, "hydrant %s: %s: %s\n", words, fault->where, fault->what); }

int config_check_command(int argc, char **argv)
{
    int exit_code;
    struct settings *settings = read_settings("config check", (struct settings_source){.file = NULL}, argc, argv, &exit_code);
    if (settings == NULL) return exit_code;
    printf("%s: the settings are good\n", settings->file == NULL ? "environment" : settings->file);
    settings_free(settings);
    return EXIT_DONE;
}

int migrate_command(int argc, char **argv)
{
    int exit_code;
    struct fault fault;
    struct settings *settings = read_settings("migrate", (struct settings_source){.may_lack_secrets = true}, argc, argv, &exit_code);
    if (settings == NULL) return exit_code;
    struct storage *storage = open_storage(settings, &fault);
    bool done = storage != NULL && storage_migrate(storage, report, &fault);
    if (done) puts("The schema is up to date.");
    else print_fault("migrate", &fault);
    storage_close(storage);
    settings_free(settings);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static struct listen_at listen_at(const struct listener_settings *listener, const char *name, const struct route *routes)
{
    return (struct listen_at){.host = listener->host, .port = listener->port, .tls_cert_file = listener->tls_cert_file,
        .tls_key_file = listener->tls_key_file, .routes = routes, .name = name};
}

static void wait_for_end(const sigset_t *signals)
{
    int signal_number;
    for (;;) {
        if (sigwait(signals, &signal_number) != 0) continue;
        if (signal_number != SIGHUP) break;
        log_say(LOG_WARN, "signal", "SIGHUP: the settings are read at the start only; restart to change them");
    }
    log_say(LOG_INFO, "drain", "signal %d: no new connections; finishing what is under way", signal_number);
}

static bool run_server(struct app *app, const sigset_t *signals, struct fault *fault)
{
    const struct settings *s = app->settings;
    struct listen_at listeners[] = {listen_at(&s->public_, "public", app->public_routes), listen_at(&s->admin, "admin", app->admin_routes)};
    listeners[1].counted_as = LISTENER_ADMIN;
    listeners[1].connections_max = ADMIN_CONNECTIONS;
    listeners[1].gate = admin_gate;
    listeners[1].gate_data = &app->admin_rules;
    const struct server_settings server_settings = {.worker_count = s->workers, .listeners = listeners, .listener_count = 2,
        .trusted_proxies = s->trusted_proxies, .start_worker = app_start_worker, .stop_worker = app_stop_worker, .data = app};
    struct server *server = log_start(fault) ? server_create(&server_settings, fault) : NULL;
    if (server == NULL) return false;
    log_say(LOG_INFO, "listening", "public %s:%u, admin %s:%u, issuer %.*s", s->public_.host, server_port(server, 0), s->admin.host,
        server_port(server, 1), BYTES_PRINT(s->policy.issuer));
    wait_for_end(signals);
    server_drain(server);
    return true;
}

static int give_up(const struct fault *fault)
{
    bool was_told = fault->kind == FAULT_LEFT;
    if (was_told) log_say(LOG_INFO, "ended", "%s", fault->what);
    else print_fault("serve", fault);
    return was_told ? EXIT_DONE : EXIT_FAILED;
}

int serve_command(int argc, char **argv)
{
    int exit_code;
    struct fault fault;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL); /* before any thread starts: all inherit it */
    struct settings *settings = read_settings("serve", (struct settings_source){.file = NULL}, argc, argv, &exit_code);
    if (settings == NULL) return exit_code;
    log_set(settings->log_level, settings->log_format);
    static struct app app;
    if (!app_init(&app, settings, &fault)) return give_up(&fault);
    bool ran = run_server(&app, &signals, &fault);
    if (!ran) print_fault("serve", &fault);
    app_release(&app);
    if (ran) log_say(LOG_INFO, "ended", "drained");
    log_stop();
    return ran ? EXIT_DONE : EXIT_FAILED;
}
