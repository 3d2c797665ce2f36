/* odd_upstream: for the tests of net/client*.c: odd_upstream.py as a child, names that resolve without a network, and
 * one call run to its end. */
#ifndef TESTS_UNIT_NET_ODD_UPSTREAM_H
#define TESTS_UNIT_NET_ODD_UPSTREAM_H

#include <dlfcn.h>
#include <netdb.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/client.h"
#include "unit/test.h"

extern char **environ;

static struct {
    pid_t pid;
    int its_input;
    char names[32][16], values[32][128];
    size_t count;
} odd;

static const char *odd_value(const char *name)
{
    for (size_t i = 0; i < odd.count; i++)
        if (strcmp(odd.names[i], name) == 0) return odd.values[i];
    fprintf(stderr, "odd_upstream.py names no %s\n", name);
    exit(EXIT_FAILURE);
}

static inline void odd_start(const char *script)
{
    int input[2], output[2];
    char *arguments[] = {"python3", (char *)script, NULL};
    posix_spawn_file_actions_t actions;
    if (pipe(input) != 0 || pipe(output) != 0) exit(EXIT_FAILURE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    posix_spawn_file_actions_addclose(&actions, input[1]);
    if (posix_spawnp(&odd.pid, "python3", &actions, NULL, arguments, environ) != 0) exit(EXIT_FAILURE);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    odd.its_input = input[1];
    FILE *lines = fdopen(output[0], "r");
    while (odd.count < 32 && fscanf(lines, "%15s %127s", odd.names[odd.count], odd.values[odd.count]) == 2)
        if (strcmp(odd.names[odd.count++], "ready") == 0) break;
    fclose(lines);
    odd_value("ready");
    signal(SIGPIPE, SIG_IGN);
}

static inline void odd_stop(void)
{
    close(odd.its_input);
    waitpid(odd.pid, NULL, 0);
}

/* ---- names: *.example.test is 127.0.0.1; two.* has a dead address before it, dead.* only dead ones; slow.* takes
 * until slow_name_free ---- */

static atomic_bool slow_name_free;
static atomic_int lookup_count;

static struct addrinfo *odd_addresses(const char *const *texts, const char *port)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *first = NULL,
                    **at = &first;
    for (; *texts != NULL; texts++, at = &(*at)->ai_next)
        if (real(*texts, port, &hints, at) != 0) abort();
    return first;
}

int getaddrinfo(const char *restrict name, const char *restrict port, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found)
{
    (void)hints;
    lookup_count++;
    while (strncmp(name, "slow.", 5) == 0 && !slow_name_free) usleep(1000);
    if (strstr(name, "unknown") != NULL) return EAI_NONAME;
    if (strncmp(name, "two.", 4) == 0)
        *found = odd_addresses((const char *const[]){"127.0.0.2", "::1", "127.0.0.1", NULL}, port);
    else if (strncmp(name, "dead.", 5) == 0)
        *found = odd_addresses((const char *const[]){"127.0.0.2", "127.0.0.3", NULL}, port);
    else if (strstr(name, ".example.test") != NULL)
        *found = odd_addresses((const char *const[]){"127.0.0.1", NULL}, port);
    else
        *found = odd_addresses((const char *const[]){name, NULL}, port);
    return 0;
}

/* ---- calls ---- */

static struct loop *loop;

struct outcome {
    int done_count, status;
    struct fault fault;
    struct call_answer answer; /* in arena */
    struct arena arena;
    int64_t took_ms;
};

static inline void on_outcome(void *data, const struct call_answer *answer, const struct fault *fault)
{
    struct outcome *outcome = data;
    outcome->done_count++;
    if (fault != NULL) outcome->fault = *fault;
    if (answer == NULL) return;
    outcome->status = answer->status;
    outcome->answer = *answer;
    outcome->answer.body = arena_copy(&outcome->arena, answer->body);
    outcome->answer.content_type = arena_copy(&outcome->arena, answer->content_type);
    for (size_t i = 0; i < answer->set_cookie_count; i++)
        outcome->answer.set_cookies[i] = arena_copy(&outcome->arena, answer->set_cookies[i]);
}

static inline void outcome_init(struct outcome *outcome)
{
    *outcome = (struct outcome){0};
    arena_init(&outcome->arena, 1 << 20);
}

static inline void run_for(int64_t ms)
{
    int64_t until = loop_now_ms(loop) + ms;
    for (int64_t left_ms; (left_ms = until - loop_now_ms(loop)) > 0;) loop_run(loop, (int32_t)left_ms);
}

/* 5 s at most */
static inline void run_until(const int *number, int wanted)
{
    for (int i = 0; i < 500 && *number != wanted; i++) run_for(10);
}

static inline struct call call_to(const char *path) { return (struct call){.method = "GET", .path = bytes_of(path)}; }

/* the outcome's arena is to be released */
static inline struct outcome run_call(struct upstream *upstream, const struct call *call)
{
    struct outcome outcome;
    int64_t began_ms = clock_steady_ms();
    outcome_init(&outcome);
    call_start(upstream, call, on_outcome, &outcome);
    while (outcome.done_count == 0) loop_run(loop, 100);
    outcome.took_ms = clock_steady_ms() - began_ms;
    return outcome;
}

static inline struct outcome get(struct upstream *upstream, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/%s", name);
    struct call call = call_to(path);
    return run_call(upstream, &call);
}

static inline int64_t ask_number(struct upstream *upstream, const char *path)
{
    struct call call = call_to(path);
    struct outcome outcome = run_call(upstream, &call);
    uint64_t number = 0;
    if (!bytes_to_number(outcome.answer.body, 1000000, &number)) return -1;
    arena_release(&outcome.arena);
    return (int64_t)number;
}

static inline struct upstream *odd_upstream(const char *scheme, const char *host, const char *port, int64_t timeout_ms)
{
    char url[256];
    struct fault fault = {0};
    snprintf(url, sizeof url, "%s://%s:%s", scheme, host, odd_value(port));
    struct upstream *upstream = upstream_create(loop, bytes_of(url), timeout_ms, odd_value("ca"), &fault);
    if (upstream == NULL) fprintf(stderr, "%s: %s\n", url, fault.what);
    return upstream;
}

#endif
