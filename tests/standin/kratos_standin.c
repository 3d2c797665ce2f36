/* kratos_standin: answers as Kratos does, on two ports of 127.0.0.1, until SIGTERM or SIGINT.
 *
 *     kratos_standin --recorded tests/data/kratos/recorded [--public-port P] [--admin-port P] [--faster-extend]
 * [--end-with-parent]
 *
 * Prints "public http://127.0.0.1:P admin http://127.0.0.1:P" when it is ready.
 *
 * As Kratos has them: any method /sessions/whoami, /health/ready, /health/alive on the public port;
 * /admin/sessions/{id} GET DELETE, /admin/sessions/{id}/extend PATCH, /admin/identities/{id} GET DELETE,
 * /admin/health/ready, and /health/ready as before 26 (a redirect), on the admin port.
 *
 * For tests, on the admin port; parameters as a JSON object or in the query:
 *     POST /standin/sessions            lifespan_s (3600), aal (1), methods, email, external_id, traits,
 * metadata_public, metadata_admin; or identity_id for one more session of that person
 *                                       -> {"session_id","session_token","cookie","identity_id"}
 *     POST /standin/sessions/{id}/WHAT  revoke forget disable enable expire extend aal2 aal1 require_aal2
 * delete_identity DELETE /standin/identities/{id} POST /standin/faults              path (whoami session extend revoke
 * identity ready all), delay_ms, status, drop (true, "after_head"), count (-1: until cleared); one for each path DELETE
 * /standin/faults GET /standin/counts               calls of each path so far; DELETE: from zero A delay beyond
 * REQUEST_DEADLINE_MS ends in a cut connection. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "standin/standin.h"

struct options {
    const char *recorded;
    uint16_t public_port, admin_port;
    bool faster_extend;
};

static bool start_worker(struct worker *worker, void *data, struct fault *fault)
{
    (void)fault;
    worker->data = data;
    return true;
}

static void stop_worker(struct worker *worker) { (void)worker; }

static bool read_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--recorded") == 0 && has_value)
            options->recorded = argv[++i];
        else if (strcmp(argv[i], "--public-port") == 0 && has_value)
            options->public_port = (uint16_t)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--admin-port") == 0 && has_value)
            options->admin_port = (uint16_t)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--faster-extend") == 0)
            options->faster_extend = true;
        else if (strcmp(argv[i], "--end-with-parent") == 0)
            prctl(PR_SET_PDEATHSIG, SIGTERM); /* so that a test that crashes leaves nothing behind */
        else
            return false;
    }
    return options->recorded != NULL;
}

static void wait_for_end(const sigset_t *signals)
{
    int signal;
    sigwait(signals, &signal);
}

static int serve(struct standin *standin, const struct options *options, const sigset_t *signals)
{
    struct fault fault;
    const struct listen_at listeners[] = {
        {.host = "127.0.0.1",
         .port = options->public_port,
         .routes = public_routes,
         .name = "public",
         .gate = no_page_gate},
        {.host = "127.0.0.1",
         .port = options->admin_port,
         .routes = admin_routes,
         .name = "admin",
         .gate = no_page_gate},
    };
    const struct server_settings settings = {
        .worker_count = 1,
        .listeners = listeners,
        .listener_count = 2,
        .start_worker = start_worker,
        .stop_worker = stop_worker,
        .data = standin,
    };
    struct server *server = server_create(&settings, &fault);
    if (server == NULL) {
        fprintf(stderr, "%s: %s\n", fault.where, fault.what);
        return EXIT_FAILURE;
    }
    printf("public http://127.0.0.1:%u admin http://127.0.0.1:%u\n", server_port(server, 0), server_port(server, 1));
    fflush(stdout);
    wait_for_end(signals);
    server_drain(server);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = {.recorded = NULL};
    sigset_t signals;
    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "usage: kratos_standin --recorded DIR [--public-port P] [--admin-port P] [--faster-extend] "
                        "[--end-with-parent]\n");
        return 2;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    log_set(LOG_ERROR, LOG_TEXT);
    struct standin *standin = calloc(1, sizeof *standin);
    if (standin == NULL) abort();
    arena_init(&standin->arena, SIZE_MAX / 2);
    standin->faster_extend = options.faster_extend;
    bool loaded = templates_load(&standin->templates, &standin->arena, options.recorded);
    int status = loaded ? serve(standin, &options, &signals) : EXIT_FAILURE;
    arena_release(&standin->arena);
    free(standin);
    return status;
}
