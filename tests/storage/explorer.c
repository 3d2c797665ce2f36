/* explorer DSN MODE [--batch N] [--depth N] [--break RULE]
 * Ends with 0 when no fault is found; with --break, only when one is. */
#include "explorer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRACE_S = 60, TURNS_MAX = 3, WANDERED = 150 };

struct options {
    const char *dsn, *mode;
    int batch, depth;
    const struct breakage *broken;
};

struct mode {
    const char *name, *sentence;
    int grace, coalesce; /* units, of which the grace is a minute */
    bool (*explore)(struct real *r, const struct mode *mode, const struct options *options);
    struct honest honest;
};

static bool run_honest(struct real *r, const struct mode *mode, const struct options *options)
{
    (void)options;
    return explore_honest(r, &mode->honest);
}

static bool run_theft(struct real *r, const struct mode *mode, const struct options *options)
{
    (void)mode;
    (void)options;
    return explore_theft(r, TURNS_MAX);
}

static bool run_chains(struct real *r, const struct mode *mode, const struct options *options)
{
    (void)mode;
    explore_chains(r, options->depth);
    real_wander(r, WANDERED);
    printf("  and %zu lanes wandered through %d presentations each\n", r->lane_count, WANDERED);
    return true;
}

static const struct mode modes[] = {
    {"tabs-1", "one tab, answers and requests lost", 6, 6, run_honest, {1, 1, true, false}},
    {"tabs-2", "two tabs, answers and requests lost, overtaking", 6, 6, run_honest, {2, 1, true, false}},
    {"tabs-3", "three tabs, nothing lost", 6, 6, run_honest, {3, 1, false, false}},
    {"failover", "one tab, losses, a failover that loses up to two commits", 6, 6, run_honest, {1, 1, true, true}},
    {"theft", "owner and thief", 6, 6, run_theft, {0, 0, false, false}},
    {"chains",
     "any presentation after any wait, coalesce as long as the grace",
     6,
     6,
     run_chains,
     {0, 0, false, false}},
    {"coalesce-0", "one tab, losses, each use of the newest token rotates", 6, 0, run_honest, {1, 1, true, false}},
    {"chains-short",
     "any presentation after any wait, coalesce a third of the grace",
     3,
     1,
     run_chains,
     {0, 0, false, false}},
};
enum { MODE_COUNT = sizeof modes / sizeof *modes };

static void usage(void)
{
    fprintf(stderr, "explorer memory|sqlite|postgres|DSN MODE|all [--batch N] [--depth N] [--break RULE]\nmodes:\n");
    for (size_t i = 0; i < MODE_COUNT; i++) fprintf(stderr, "  %-18s %s\n", modes[i].name, modes[i].sentence);
    fprintf(stderr, "rules to break:\n");
    breakages_print();
    exit(2);
}

static int read_count(const char *text, int max)
{
    int count = (int)strtol(text, NULL, 10);
    if (count < 1 || count > max) usage();
    return count;
}

static struct options read_options(int argc, char **argv)
{
    struct options o = {.batch = LANES_MAX, .depth = 7};
    if (argc < 3 || argc % 2 == 0) usage();
    o.dsn = argv[1];
    o.mode = argv[2];
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--batch") == 0)
            o.batch = read_count(argv[i + 1], LANES_MAX);
        else if (strcmp(argv[i], "--depth") == 0)
            o.depth = read_count(argv[i + 1], 20);
        else if (strcmp(argv[i], "--break") == 0)
            o.broken = breakage_find(argv[i + 1]);
        else
            usage();
        if (strcmp(argv[i], "--break") == 0 && o.broken == NULL) usage();
    }
    return o;
}

/* modes of one scale share what was made real */
static void set_up(struct real *r, struct driver *driver, const struct mode *mode, const struct options *options)
{
    const struct scale scale = {.grace = mode->grace,
                                .coalesce = mode->coalesce,
                                .unit_ms = GRACE_S * 1000 / mode->grace,
                                .skip_limit = 5,
                                .ahead_max = 2};
    if (driver->storage != NULL && memcmp(&scale, &r->scale, sizeof scale) == 0) return;
    if (driver->storage != NULL) {
        real_release(r);
        driver_close(driver);
    }
    driver_open(driver, options->dsn);
    real_init(r, driver, &scale, (size_t)options->batch);
    r->broken = options->broken;
}

static bool explore(const struct options *options)
{
    struct driver driver = {.storage = NULL};
    static struct real real;
    bool well = true;
    for (size_t i = 0; i < MODE_COUNT; i++) {
        if (strcmp(options->mode, "all") != 0 && strcmp(options->mode, modes[i].name) != 0) continue;
        set_up(&real, &driver, &modes[i], options);
        printf("%s: %s\n", modes[i].name, modes[i].sentence);
        well = modes[i].explore(&real, &modes[i], options) && well;
        fflush(stdout);
    }
    if (driver.storage == NULL) usage();
    real_release(&real);
    driver_close(&driver);
    return well;
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    bool well = explore(&options);
    if (options.broken == NULL) return well ? EXIT_SUCCESS : EXIT_FAILURE;
    printf(well ? "the broken rule was NOT found\n" : "the broken rule was found\n");
    return well ? EXIT_FAILURE : EXIT_SUCCESS;
}
