/* suite memory|sqlite|postgres|DSN [SECTION ...]: what storage/storage.h promises, on the back end named. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct section {
    const char *name;
    int (*run)(struct driver *d);
    bool raw; /* sets rows from outside */
} sections[] = {
    {"clients", suite_clients, false}, {"grants", suite_grants, false},     {"rotate", suite_rotate, true},
    {"look", suite_look, true},        {"together", suite_together, false}, {"revoke", suite_revoke, false},
    {"listing", suite_listing, false}, {"endings", suite_endings, false},   {"keys", suite_keys, false},
    {"house", suite_house, false},     {"trouble", suite_trouble, true},    {"dump", suite_dump, true},
    {"find", suite_find, false},
};

static bool is_asked_for(const char *name, int argc, char **argv)
{
    bool found = argc == 2;
    for (int i = 2; i < argc; i++) found = found || strcmp(argv[i], name) == 0;
    return found;
}

int main(int argc, char **argv)
{
    struct driver d;
    int status = EXIT_SUCCESS;
    if (argc < 2) die("suite memory|sqlite|postgres|DSN [SECTION ...]");
    driver_open(&d, argv[1]);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        const struct section *s = &sections[i];
        if (!is_asked_for(s->name, argc, argv)) continue;
        if (s->raw && d.raw == NULL) continue;
        int64_t began_ms = clock_steady_ms();
        printf("%s: ", s->name);
        fflush(stdout);
        if (s->run(&d) != EXIT_SUCCESS) status = EXIT_FAILURE;
        printf("  %lld ms\n", (long long)(clock_steady_ms() - began_ms));
    }
    driver_close(&d);
    return status;
}
