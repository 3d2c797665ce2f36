/* looks: for the tests of identity/kratos: the stand-in as a child, looks run to their end, and a scripted server that
 * shows what was asked.
 *
 * Rule: looks_begin starts the stand-in and makes a loop; a test makes its identity with looks_identity, so that
 * nothing is kept from the test before. */
#ifndef TESTS_UNIT_IDENTITY_LOOKS_H
#define TESTS_UNIT_IDENTITY_LOOKS_H

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "identity/kratos/kratos.h"
#include "net/client.h"
#include "unit/test.h"

extern char **environ;

enum { LOOK_ARENA_MAX = 2 * 1024 * 1024, TIMEOUT_MS = 2000 };

static struct {
    pid_t pid;
    char public_url[64], admin_url[64];
    struct loop *loop;
    struct upstream *control;
    struct arena arena; /* of what control answered, and of the tests' texts */
} standin;

/* ---- the stand-in ---- */

static inline void looks_begin(void)
{
    int output[2];
    char *arguments[] = {KRATOS_STANDIN, "--recorded", KRATOS_DATA "/recorded", "--end-with-parent", NULL};
    posix_spawn_file_actions_t actions;
    struct fault fault;
    if (pipe(output) != 0) exit(EXIT_FAILURE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    posix_spawn_file_actions_addclose(&actions, output[0]);
    if (posix_spawn(&standin.pid, KRATOS_STANDIN, &actions, NULL, arguments, environ) != 0) exit(EXIT_FAILURE);
    posix_spawn_file_actions_destroy(&actions);
    close(output[1]);
    FILE *lines = fdopen(output[0], "r");
    if (fscanf(lines, "public %63s admin %63s", standin.public_url, standin.admin_url) != 2) exit(EXIT_FAILURE);
    fclose(lines);
    signal(SIGPIPE, SIG_IGN);
    arena_init(&standin.arena, 64 << 20);
    standin.loop = loop_create();
    standin.control = upstream_create(standin.loop, bytes_of(standin.admin_url), TIMEOUT_MS, NULL, &fault);
}

static inline void looks_end(void)
{
    upstream_destroy(standin.control);
    loop_destroy(standin.loop);
    arena_release(&standin.arena);
    kill(standin.pid, SIGTERM);
    waitpid(standin.pid, NULL, 0);
}

static inline void run_for(int64_t ms)
{
    int64_t until_ms = clock_steady_ms() + ms;
    while (clock_steady_ms() < until_ms) loop_run(standin.loop, 1);
}

struct controlled {
    bool done;
    struct bytes body;
};

static inline void on_controlled(void *data, const struct call_answer *answer, const struct fault *fault)
{
    struct controlled *controlled = data;
    if (fault != NULL || answer->status >= 300) {
        fprintf(stderr, "the stand-in refused: %s\n", fault != NULL ? fault->what : "status");
        exit(EXIT_FAILURE);
    }
    controlled->body = arena_copy(&standin.arena, answer->body);
    controlled->done = true;
}

/* tells the stand-in something; what it answered */
static inline struct bytes control(const char *method, const char *path)
{
    struct controlled controlled = {.done = false};
    struct call call = {.method = method, .path = bytes_of(path), .body = BYTES("")};
    call_start(standin.control, &call, on_controlled, &controlled);
    while (!controlled.done) loop_run(standin.loop, 10);
    return controlled.body;
}

static inline const struct json *control_json(const char *method, const char *path)
{
    struct fault fault;
    struct json_limits limits = {1 << 16, true};
    const struct json *root = json_parse(&standin.arena, control(method, path), &limits, &fault);
    if (root == NULL) exit(EXIT_FAILURE);
    return root;
}

static inline struct bytes member(const struct json *root, const char *name)
{
    return json_string(json_find(root, name));
}

static inline const struct json *new_session(const char *query)
{
    char path[512];
    snprintf(path, sizeof path, "/standin/sessions?%s", query);
    return control_json("POST", path);
}

/* "revoke", "disable", ... */
static inline void befalls(const struct json *session, const char *event)
{
    char path[256];
    snprintf(path, sizeof path, "/standin/sessions/%.*s/%s", BYTES_PRINT(member(session, "session_id")), event);
    control("POST", path);
}

static inline void plan(const char *query)
{
    char path[256];
    snprintf(path, sizeof path, "/standin/faults?%s", query);
    control("POST", path);
}

/* no faults, and counts from zero */
static inline void fresh(void)
{
    control("DELETE", "/standin/faults");
    control("DELETE", "/standin/counts");
}

static inline int64_t calls_of(const char *endpoint)
{
    int64_t count = -1;
    if (!json_integer(json_find(control_json("GET", "/standin/counts"), endpoint), 0, INT64_MAX, &count)) abort();
    return count;
}

static inline struct identity *looks_identity_with(int64_t timeout_ms)
{
    static struct identity_settings settings;
    struct fault fault;
    settings = (struct identity_settings){
        .public_url = bytes_of(standin.public_url),
        .admin_url = bytes_of(standin.admin_url),
        .cookie_name = BYTES("ory_kratos_session"),
        .timeout_ms = timeout_ms,
    };
    struct identity *identity = kratos_create(standin.loop, &settings, &fault);
    if (identity == NULL) exit(EXIT_FAILURE);
    return identity;
}

static inline struct identity *looks_identity(void) { return looks_identity_with(TIMEOUT_MS); }

/* ---- a look as a flow ---- */

enum looking {
    LOOKING_TOKEN,
    LOOKING_COOKIE,
    LOOKING_SESSION,
    LOOKING_IDENTITY,
    LOOKING_COOKIE_AGAIN,
    LOOKING_SESSION_AGAIN,
    EXTENDING
};

struct looker {
    struct flow flow; /* first */
    struct identity *identity;
    enum looking looking;
    struct bytes subject;
    struct arena arena;
    struct look look;
    bool done;
    void (*on_done)(struct looker *looker); /* may be NULL */
};

static inline enum step_result looker_ask(struct flow *flow)
{
    struct looker *looker = (struct looker *)flow;
    struct whoami_ask ask = {looker->looking == LOOKING_TOKEN ? CREDENTIAL_TOKEN : CREDENTIAL_COOKIE, looker->subject};
    switch (looker->looking) {
    case LOOKING_TOKEN:
    case LOOKING_COOKIE: return ask_whoami(flow, looker->identity, &ask, &looker->arena, &looker->look);
    case LOOKING_COOKIE_AGAIN: return ask_whoami_again(flow, looker->identity, &ask, &looker->arena, &looker->look);
    case LOOKING_SESSION_AGAIN:
        return ask_session_again(flow, looker->identity, looker->subject, &looker->arena, &looker->look);
    case EXTENDING: return ask_extend(flow, looker->identity, looker->subject, &looker->arena, &looker->look);
    case LOOKING_SESSION: return ask_session(flow, looker->identity, looker->subject, &looker->arena, &looker->look);
    case LOOKING_IDENTITY: return ask_identity(flow, looker->identity, looker->subject, &looker->arena, &looker->look);
    }
    abort();
}

static inline void looker_finish(struct flow *flow)
{
    struct looker *looker = (struct looker *)flow;
    looker->done = true;
    if (looker->on_done != NULL) looker->on_done(looker);
}

static const struct step looker_steps[] = {{"ask", looker_ask}, {NULL, NULL}};

static inline void looker_start(struct looker *looker, struct identity *identity, enum looking looking,
                                struct bytes subject)
{
    *looker = (struct looker){.identity = identity, .looking = looking, .subject = subject};
    arena_init(&looker->arena, LOOK_ARENA_MAX);
    flow_init(&looker->flow, looker_steps, looker_finish);
    flow_drive(&looker->flow);
}

static inline void looker_wait(struct looker *looker)
{
    while (!looker->done) loop_run(standin.loop, 10);
}

static inline void looker_end(struct looker *looker) { arena_release(&looker->arena); }

/* one look to its end; its bytes stay until looks_end */
static inline struct look look_with(struct identity *identity, enum looking looking, struct bytes subject)
{
    struct looker looker;
    looker_start(&looker, identity, looking, subject);
    looker_wait(&looker);
    struct look look = looker.look;
    struct bytes *const kept[] = {
        &look.session.id, &look.session.identity_id, &look.session.external_id, &look.session.methods,
        &look.cookie,     &look.redirect_to};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) *kept[i] = arena_copy(&standin.arena, *kept[i]);
    look.session.json = json_copy(&standin.arena, look.session.json);
    look.session.metadata_admin = json_copy(&standin.arena, look.session.metadata_admin);
    looker_end(&looker);
    return look;
}

/* ---- a scripted server: one answer for all but whether it is ready, and what was asked last ---- */

static struct {
    int fd;
    pthread_t thread;
    char url[64];
    const char *_Atomic answer; /* status line, headers and all; the connection ends behind it */
    const char *_Atomic ready;  /* the answer to GET /admin/health/ready */
    char asked[8192];
    atomic_int ask_count;
} script;

static inline void script_serve_one(int fd)
{
    size_t len = 0;
    while (len < sizeof script.asked - 1 && strstr(script.asked, "\r\n\r\n") == NULL) {
        ssize_t count = read(fd, script.asked + len, sizeof script.asked - 1 - len);
        if (count <= 0) break;
        len += (size_t)count;
        script.asked[len] = '\0';
    }
    bool is_ready = strncmp(script.asked, "GET /admin/health/ready ", 24) == 0;
    const char *answer = is_ready ? script.ready : script.answer;
    atomic_fetch_add(&script.ask_count, 1);
    (void)!write(fd, answer, strlen(answer));
    shutdown(fd, SHUT_RDWR);
    close(fd);
}

static inline void *script_run(void *unused)
{
    (void)unused;
    for (int fd; (fd = accept(script.fd, NULL, NULL)) >= 0;) {
        memset(script.asked, 0, sizeof script.asked);
        script_serve_one(fd);
    }
    return NULL;
}

static inline void script_begin(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    script.answer = "";
    script.ready = "HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 16\r\n\r\n{\"status\":\"ok\"}\n";
    script.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(script.fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(script.fd, 16) != 0) exit(EXIT_FAILURE);
    getsockname(script.fd, (struct sockaddr *)&at, &len);
    snprintf(script.url, sizeof script.url, "http://127.0.0.1:%u", ntohs(at.sin_port));
    pthread_create(&script.thread, NULL, script_run, NULL);
}

static inline void script_end(void)
{
    shutdown(script.fd, SHUT_RDWR);
    pthread_join(script.thread, NULL);
    close(script.fd);
}

/* an answer with a body */
static inline const char *script_write(int status, const char *headers, struct bytes body)
{
    struct text t;
    text_init(&t, &standin.arena, body.len + 256);
    text_put_format(&t, "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n", status, body.len,
                    headers);
    text_put(&t, body);
    return text_bytes(&t).at;
}

static inline void script_answers(int status, const char *headers, struct bytes body)
{
    script.answer = script_write(status, headers, body);
}

static inline struct identity *script_identity(void)
{
    static struct identity_settings settings;
    struct fault fault;
    settings = (struct identity_settings){
        .public_url = bytes_of(script.url),
        .admin_url = bytes_of(script.url),
        .cookie_name = BYTES("ory_kratos_session"),
        .timeout_ms = TIMEOUT_MS,
    };
    struct identity *identity = kratos_create(standin.loop, &settings, &fault);
    if (identity == NULL) exit(EXIT_FAILURE);
    return identity;
}

#endif
