/* postgres_faults: what Postgres does to us, and what we make of it: connections cut under load, the server gone and
 * back, silent, rows held by strangers, values it refuses, commits that no standby confirms. Runs under with_postgres,
 * whose server it stops and starts. */
#include "postgres_faults.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- load ---- */

void chains_open(struct chains *c, struct driver *d)
{
    *c = (struct chains){.d = d};
    for (size_t i = 0; i < CHAINS; i++) {
        c->all[i].grant = stored_grant(d);
        arena_init(&c->all[i].arena, 1 << 20);
    }
}

static void chain_start(struct chains *c, struct chain *chain)
{
    chain->rotation = presenting(&chain->grant, chain->gen);
    chain->rotation.policy.coalesce_ms = 0;
    chain->errand = (struct errand){.verb = VERB_ROTATE, .in = &chain->rotation, .out = &chain->rotated};
    chain->under_way = true;
    chain->began_ms = clock_steady_ms();
    errand_start(&chain->errand, c->d->store, &chain->arena);
}

static void chain_end(struct chains *c, struct chain *chain)
{
    chain->under_way = false;
    if (chain->errand.fault.kind != FAULT_NONE) {
        c->unanswered++;
    } else if (!rotate_outcome_succeeds(chain->rotated.outcome) || chain->rotated.gen != chain->gen + 1) {
        c->wrong++;
    } else {
        chain->gen = chain->rotated.gen;
        c->rotated++;
        int64_t took_ms = clock_steady_ms() - chain->began_ms;
        if (took_ms > c->slowest_ms) c->slowest_ms = took_ms;
    }
    arena_release(&chain->arena);
}

void chains_run(struct chains *c, int64_t for_ms)
{
    int64_t until_ms = clock_steady_ms() + for_ms;
    while (clock_steady_ms() < until_ms) {
        for (size_t i = 0; i < CHAINS; i++) {
            if (c->all[i].under_way && c->all[i].errand.ended) chain_end(c, &c->all[i]);
            if (!c->all[i].under_way) chain_start(c, &c->all[i]);
        }
        loop_run(c->d->loop, 2);
    }
}

bool chains_close(struct chains *c)
{
    bool well = true;
    for (size_t i = 0; i < CHAINS; i++) {
        struct chain *chain = &c->all[i];
        if (chain->under_way) errands_await(c->d->loop, &chain->errand, 1);
        if (chain->under_way) chain_end(c, chain);
        int64_t gen = row_of(c->d, &chain->grant).state.gen;
        well = well && (gen == chain->gen || gen == chain->gen + 1);
    }
    return well && c->wrong == 0;
}

/* ---- the server, as with_postgres tells it ---- */

static const char *told(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) die("%s is not set: run this under with_postgres", name);
    return value;
}

static void become_server_user(void)
{
    const struct passwd *user = getpwnam(told("HYDRANT_TEST_PG_USER"));
    if (user == NULL) _exit(1);
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) _exit(1);
}

void control_server(const char *command)
{
    char path[512];
    snprintf(path, sizeof path, "%s/pg_ctl", told("HYDRANT_TEST_PG_BIN"));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        become_server_user();
        if (freopen("/dev/null", "w", stdout) == NULL) _exit(1);
        execl(path, path, "-D", told("HYDRANT_TEST_PG_DATA"), "-l", told("HYDRANT_TEST_PG_LOG"), "-w", "-m",
              "immediate", command, (char *)NULL);
        _exit(1);
    }
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) die("pg_ctl %s failed", command);
}

bool pulse(struct driver *d, struct fault *fault)
{
    struct storage_pulse out;
    return driver_try(d, VERB_PULSE, NULL, &out, fault);
}

struct driver driver_beside(const struct driver *d)
{
    struct driver other = *d;
    arena_init(&other.arena, 1 << 24);
    return other;
}

void driver_close_beside(struct driver *other)
{
    storage_detach(other->store);
    storage_close(other->storage);
    arena_release(&other->arena);
}

int main(void)
{
    struct driver d;
    signal(SIGPIPE, SIG_IGN);
    driver_open(&d, "postgres");
    int failed = faults_of_places(&d) + faults_of_refusals(&d) + faults_of_values(&d) + faults_of_connections(&d);
    driver_close(&d);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
