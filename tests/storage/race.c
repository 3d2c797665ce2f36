/* race postgres|DSN [SECONDS]: two servers on one Postgres rotate the tokens of the same grants, while sessions,
 * subjects and clients of theirs are revoked, trimmed and swept all the time, and what was revoked is brought back to
 * life beside them. Afterwards: no verb was left unanswered, every generation of every grant was handed out by exactly
 * one rotation, and Postgres saw no deadlock. */
#include "suite.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"

enum { SERVERS = 2, GRANTS = 200, ROTATIONS = 64, OTHERS = 4, GENS_MAX = 1 << 15, FAULTS = FAULT_BUG + 1 };
enum { SESSIONS = 20, SUBJECTS = 10, CLIENTS = 4, COALESCE_MS = 10, GRACE_MS = 60, REST_MS = 5, REVIVE_MS = 20 };

/* between the processes */
struct ring {
    char dsn[1024];
    int64_t until_ms;
    struct new_grant grants[GRANTS];
    atomic_uint held[GRANTS];            /* the generation that a grant's callers hold */
    atomic_uchar made[GRANTS][GENS_MAX]; /* by how many rotations a generation was made */
    atomic_ulong outcomes[ROTATE_FAR_AHEAD + 1], faults[FAULTS], revoked, stored, inconsistent;
};

/* ---- names that are the same in all processes ---- */

static struct bytes name_of(const char *kind, size_t number)
{
    static char names[3][SESSIONS][16];
    size_t row = kind[1] == 'e' ? 0 : kind[1] == 'u' ? 1 : 2; /* session, subject, client */
    snprintf(names[row][number], sizeof names[row][number], "%s-%zu", kind, number);
    return bytes_of(names[row][number]);
}

static void name_grant(struct new_grant *grant, size_t number)
{
    grant->grant.kratos_session_id = name_of("session", number % SESSIONS);
    grant->grant.subject = grant->grant.identity_id = name_of("subject", number % SUBJECTS);
    grant->grant.client_id = name_of("client", number % CLIENTS);
    grant->session_grants_max = 2 * GRANTS;
}

/* ---- one server ---- */

struct server {
    struct ring *ring;
    struct store *store;
    struct loop *loop;
    struct rotating {
        struct errand errand;
        struct arena arena;
        struct rotation ask;
        struct rotated answer;
        size_t grant;
        bool under_way;
    } rotating[ROTATIONS];
    struct other {
        struct errand errand;
        struct revocation revocation;
        struct revoked revoked;
        struct new_grant grant;
        struct stored_grant stored;
        uint32_t limit;
        struct swept swept;
        int64_t rest_until_ms;
        bool under_way;
    } others[OTHERS];
    bool busy[GRANTS];
};

static void start_rotation(struct server *s, struct rotating *r)
{
    do r->grant = random_below(GRANTS);
    while (s->busy[r->grant]);
    s->busy[r->grant] = r->under_way = true;
    r->ask = presenting(&s->ring->grants[r->grant], atomic_load(&s->ring->held[r->grant]));
    r->ask.client_id = name_of("client", r->grant % CLIENTS);
    if (r->ask.gen > 0 && random_below(4) == 0) r->ask.gen--; /* a retry: late, too late, or in time */
    r->ask.policy.coalesce_ms = COALESCE_MS;
    r->ask.policy.grace_ms = GRACE_MS;
    r->errand = (struct errand){.verb = VERB_ROTATE, .in = &r->ask, .out = &r->answer};
    errand_start(&r->errand, s->store, &r->arena);
}

static bool is_consistent(const struct rotating *r)
{
    uint32_t gen = r->answer.gen, presented = r->ask.gen;
    switch (r->answer.outcome) {
    case ROTATE_ROTATED: return gen == presented + 1 && r->answer.mac_kid == r->ask.mac_kid;
    case ROTATE_SAME_AGAIN: return gen == presented;
    case ROTATE_SKIPPED: return gen > presented && r->answer.mac_kid == r->ask.mac_kid;
    case ROTATE_RETRIED:
    case ROTATE_HELD: return gen > presented;
    case ROTATE_REUSED:
    case ROTATE_REVOKED: return true;
    case ROTATE_AHEAD: /* none is lost, none expires, none is a stranger's */
    case ROTATE_LOOK_DUE:
    case ROTATE_UNKNOWN:
    case ROTATE_EXPIRED:
    case ROTATE_FAR_AHEAD: return false;
    }
    return false;
}

static bool has_made(enum rotate_outcome outcome) { return outcome == ROTATE_ROTATED || outcome == ROTATE_SKIPPED; }

static void hold_newest(atomic_uint *held, uint32_t gen)
{
    unsigned before = atomic_load(held);
    while (before < gen && !atomic_compare_exchange_weak(held, &before, gen)) continue;
}

static void end_rotation(struct server *s, struct rotating *r)
{
    struct ring *ring = s->ring;
    atomic_fetch_add(&ring->faults[r->errand.fault.kind], 1);
    if (r->errand.fault.kind == FAULT_NONE) {
        atomic_fetch_add(&ring->outcomes[r->answer.outcome], 1);
        if (!is_consistent(r)) atomic_fetch_add(&ring->inconsistent, 1);
        if (has_made(r->answer.outcome) && r->answer.gen < GENS_MAX)
            atomic_fetch_add(&ring->made[r->grant][r->answer.gen], 1);
        hold_newest(&ring->held[r->grant], r->answer.gen); /* a reused or revoked one too: it is brought back to life */
    }
    s->busy[r->grant] = r->under_way = false;
    arena_release(&r->arena);
}

static void start_other(struct server *s, struct other *o)
{
    size_t number = random_below(GRANTS);
    o->under_way = true;
    o->revocation = (struct revocation){.because = BYTES("raced")};
    switch (random_below(8)) {
    case 0:
        o->limit = 10;
        o->errand = (struct errand){.verb = VERB_SWEEP, .in = &o->limit, .out = &o->swept};
        break;
    case 1:
        name_grant(&o->grant, number);
        random_fill(o->grant.grant.id, GRANT_ID_LEN);
        o->grant.look_began_steady_ms = clock_steady_ms();
        o->grant.session_grants_max = 12; /* the session's oldest are revoked */
        o->errand = (struct errand){.verb = VERB_STORE_GRANT, .in = &o->grant, .out = &o->stored};
        break;
    case 2:
        o->revocation.by = REVOKE_CLIENT;
        o->revocation.client_id = name_of("client", number % CLIENTS);
        break;
    case 3:
    case 4:
        o->revocation.by = REVOKE_SUBJECT;
        o->revocation.name = name_of("subject", number % SUBJECTS);
        break;
    default:
        o->revocation.by = REVOKE_SESSION;
        o->revocation.name = name_of("session", number % SESSIONS);
        break;
    }
    if (o->revocation.by != REVOKE_GRANT)
        o->errand = (struct errand){.verb = VERB_REVOKE, .in = &o->revocation, .out = &o->revoked};
    errand_start(&o->errand, s->store, NULL);
}

static void end_other(struct server *s, struct other *o)
{
    bool well = o->errand.fault.kind == FAULT_NONE;
    atomic_fetch_add(&s->ring->faults[o->errand.fault.kind], 1);
    if (well && o->errand.verb == VERB_REVOKE) atomic_fetch_add(&s->ring->revoked, o->revoked.count);
    if (well && o->errand.verb == VERB_STORE_GRANT) atomic_fetch_add(&s->ring->stored, 1);
    o->under_way = false;
    o->rest_until_ms = clock_steady_ms() + random_below(2 * REST_MS);
}

/* false when nothing is under way any more and nothing is to be started */
static bool turn(struct server *s)
{
    int64_t now_ms = clock_steady_ms();
    bool starting = now_ms < s->ring->until_ms, going = starting;
    for (size_t i = 0; i < ROTATIONS; i++) {
        struct rotating *r = &s->rotating[i];
        if (r->under_way && r->errand.ended) end_rotation(s, r);
        if (!r->under_way && starting) start_rotation(s, r);
        going = going || r->under_way;
    }
    for (size_t i = 0; i < OTHERS; i++) {
        struct other *o = &s->others[i];
        if (o->under_way && o->errand.ended) end_other(s, o);
        if (!o->under_way && starting && now_ms >= o->rest_until_ms) start_other(s, o);
        going = going || o->under_way;
    }
    loop_run(s->loop, 1);
    return going;
}

static int serve(struct ring *ring)
{
    static struct server s;
    struct storage *storage = driver_open_storage(ring->dsn);
    s.ring = ring;
    s.loop = loop_create();
    s.store = storage_attach(storage, s.loop);
    for (size_t i = 0; i < ROTATIONS; i++) arena_init(&s.rotating[i].arena, 1 << 20);
    for (size_t i = 0; i < OTHERS; i++) s.others[i].grant = ring->grants[0];
    int64_t give_up_ms = ring->until_ms + 2 * STORAGE_DEADLINE_MS;
    while (turn(&s))
        if (clock_steady_ms() > give_up_ms) die("a verb was never answered");
    storage_detach(s.store);
    loop_destroy(s.loop);
    storage_close(storage);
    return EXIT_SUCCESS;
}

/* ---- the ring ---- */

static void set_up(struct driver *d, struct ring *ring, int64_t seconds)
{
    snprintf(ring->dsn, sizeof ring->dsn, "%s", d->dsn);
    for (size_t i = 0; i < GRANTS; i++) {
        struct new_grant grant = new_grant(d);
        name_grant(&grant, i);
        if (store(d, &grant).outcome != GRANT_STORED) die("a grant was not stored");
        ring->grants[i] = grant; /* its id and secret: what it points to is this process' own */
        ring->grants[i].grant.scope = ring->grants[i].grant.audience = ring->grants[i].grant.claims = BYTES("{}");
        ring->grants[i].grant.acr = ring->grants[i].grant.amr = BYTES_ABSENT;
    }
    ring->until_ms = clock_steady_ms() + seconds * 1000;
}

/* in the order in which everyone locks */
static void revive(struct driver *d)
{
    raw_execute(d->raw,
                "WITH l AS MATERIALIZED (SELECT grant_id FROM grant_state WHERE revoked_at <> 0 ORDER BY grant_id"
                " FOR NO KEY UPDATE) UPDATE grant_state s SET revoked_at = 0, revoked_because = NULL"
                " FROM l WHERE s.grant_id = l.grant_id");
}

static bool await_servers(struct driver *d, struct ring *ring, const pid_t *servers)
{
    bool well = true;
    while (clock_steady_ms() < ring->until_ms) {
        revive(d);
        usleep(REVIVE_MS * 1000);
    }
    for (size_t i = 0; i < SERVERS; i++) {
        int status;
        well = waitpid(servers[i], &status, 0) == servers[i] && status == 0 && well;
    }
    return well;
}

static size_t count_in_log(const char *words)
{
    const char *path = getenv("HYDRANT_TEST_PG_LOG");
    FILE *log = path == NULL ? NULL : fopen(path, "r");
    if (log == NULL) die("no log of Postgres in HYDRANT_TEST_PG_LOG: run under tests/storage/with_postgres");
    char line[8192];
    size_t count = 0;
    while (fgets(line, sizeof line, log) != NULL) count += strstr(line, words) != NULL;
    fclose(log);
    return count;
}

/* generations that were made by no rotation or by two, and rows that stand elsewhere than their rotations say */
static size_t count_wrong(struct driver *d, const struct ring *ring, uint64_t *grown)
{
    size_t wrong = 0;
    for (size_t i = 0; i < GRANTS; i++) {
        int64_t gen = row_of(d, &ring->grants[i]).state.gen;
        if (gen >= GENS_MAX) die("too many generations: run for a shorter time");
        *grown += (uint64_t)gen;
        for (int64_t j = 1; j < GENS_MAX; j++) wrong += ring->made[i][j] != (j <= gen);
    }
    return wrong;
}

static void print_counts(const struct ring *ring)
{
    for (int i = 0; i <= ROTATE_FAR_AHEAD; i++)
        if (ring->outcomes[i] > 0) printf("%s %lu, ", rotate_outcome_name((enum rotate_outcome)i), ring->outcomes[i]);
    for (int i = FAULT_NONE + 1; i < FAULTS; i++)
        if (ring->faults[i] > 0) printf("%s %lu, ", fault_kind_name((enum fault_kind)i), ring->faults[i]);
    printf("%lu ended by revocations, %lu stored\n", ring->revoked, ring->stored);
}

struct verdict {
    uint64_t asked, answered, grown, rotated;
    size_t wrong, deadlocks, waits, errors;
};

static struct verdict find_verdict(struct driver *d, const struct ring *ring)
{
    struct verdict v = {
        .answered = ring->faults[FAULT_NONE],
        .rotated = ring->outcomes[ROTATE_ROTATED] + ring->outcomes[ROTATE_SKIPPED],
        .deadlocks = count_in_log("deadlock detected"),
        .waits = count_in_log("still waiting for"),
        .errors = count_in_log("ERROR: "), /* a deadlock may end by a time-out of the server's, too */
    };
    v.wrong = count_wrong(d, ring, &v.grown);
    for (int i = 0; i < FAULTS; i++) v.asked += ring->faults[i];
    return v;
}

static bool print_verdict(const struct verdict *v, unsigned long inconsistent)
{
    printf("%llu of %llu verbs answered, %lu inconsistent\n", (unsigned long long)v->answered,
           (unsigned long long)v->asked, inconsistent);
    printf("%llu generations by %llu rotations, %zu wrong\n", (unsigned long long)v->grown,
           (unsigned long long)v->rotated, v->wrong);
    printf("%zu deadlocks, %zu long waits, %zu errors in the log\n", v->deadlocks, v->waits, v->errors);
    return v->answered == v->asked && inconsistent == 0 && v->grown == v->rotated && v->wrong == 0 &&
           v->deadlocks == 0 && v->errors == 0;
}

static bool has_raced(const struct ring *ring, const struct verdict *v)
{
    static const enum rotate_outcome all[] = {ROTATE_ROTATED, ROTATE_RETRIED, ROTATE_SKIPPED, ROTATE_REUSED,
                                              ROTATE_REVOKED};
    bool raced = v->rotated > GRANTS && ring->revoked > GRANTS && ring->stored > 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) raced = raced && ring->outcomes[all[i]] > 0;
    if (!raced) printf("there was no race: too little happened\n");
    return raced;
}

static int judge(struct driver *d, const struct ring *ring, bool ended_well)
{
    struct verdict v = find_verdict(d, ring);
    print_counts(ring);
    bool well = print_verdict(&v, ring->inconsistent);
    return has_raced(ring, &v) && well && ended_well ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct driver d;
    int gate[2];
    pid_t servers[SERVERS];
    char opened;
    if (argc < 2) die("race postgres|DSN [SECONDS]");
    struct ring *ring = mmap(NULL, sizeof *ring, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ring == MAP_FAILED || pipe(gate) != 0) die("no memory");
    for (size_t i = 0; i < SERVERS; i++) {
        servers[i] = fork(); /* before anything was opened */
        if (servers[i] < 0) die("no process");
        if (servers[i] > 0) continue;
        close(gate[1]);
        if (read(gate[0], &opened, 1) != 1) die("the race was called off");
        exit(serve(ring));
    }
    close(gate[0]);
    driver_open(&d, argv[1]);
    set_up(&d, ring, argc > 2 ? strtol(argv[2], NULL, 10) : 20);
    if (write(gate[1], "go", SERVERS) != SERVERS) die("nobody waits at the gate");
    bool ended_well = await_servers(&d, ring, servers);
    int status = judge(&d, ring, ended_well);
    driver_close(&d);
    return status;
}
