#include "oauth/key_rows.h"

#include "unit/test.h"

static struct arena arena;
static struct fault fault;

static struct key_row row(const char *kid, const char *algorithm)
{
    return (struct key_row){.kid = bytes_of(kid),
                            .algorithm = bytes_of(algorithm),
                            .epoch = 3,
                            .created_at = 4,
                            .activate_at = 5,
                            .retire_at = 6,
                            .remove_at = 7,
                            .wanted_at = 8,
                            .public_jwk = BYTES("{}"),
                            .sealed_private = BYTES("sealed")};
}

static void check_reading(void)
{
    struct key_row rows[] = {row("a", "ES256"), row("b", "XY999"), row("c", "RS256")};
    const struct key_list list = {rows, 3, 99};
    struct key_reading reading;
    CHECK(key_rows_read(&list, &arena, &reading, &fault));
    CHECK(reading.count == 2 && reading.now == 99 && reading.rows[1].algorithm == KEY_RS256);
    CHECK_BYTES(reading.rows[1].kid, BYTES("c"));
    CHECK(reading.rows[0].epoch == 3 && reading.rows[0].wanted_at == 8 && reading.rows[0].remove_at == 7);
    CHECK(reading.unread.count == 1);
    CHECK_BYTES(reading.unread.at[0].kid, BYTES("b"));
    CHECK(bytes_contain(reading.unread.at[0].words, BYTES("XY999")) &&
          bytes_contain(reading.unread.at[0].words, BYTES("key b ")));
}

static struct key_material material(const char *kid)
{
    return (struct key_material){.kid = bytes_of(kid),
                                 .algorithm = KEY_ES256,
                                 .activate_at = 5,
                                 .retire_at = 6,
                                 .remove_at = 7,
                                 .wanted_at = 8,
                                 .public_jwk = BYTES("{}"),
                                 .sealed_private = BYTES("sealed")};
}

static void check_writing(void)
{
    const struct key_material old = material("old"), older = material("older");
    struct planned_key all[] = {{.was = &old, .becomes = material("old")},
                                {.becomes = material("new")},
                                {.was = &older, .becomes = material("older"), .deleted = true}};
    struct key_change change;
    all[0].becomes.remove_at = 70;
    CHECK(key_rows_write((struct key_plan){all, 3}, &arena, &change, &fault));
    CHECK(change.added_count == 1 && change.updated_count == 1 && change.deleted_count == 1);
    CHECK(change.updated[0].was.remove_at == 7 && change.updated[0].becomes.remove_at == 70);
    CHECK_BYTES(change.added[0].kid, BYTES("new"));
    CHECK_BYTES(change.added[0].algorithm, BYTES("ES256"));
    CHECK_BYTES(change.deleted[0].kid, BYTES("older"));
}

static bool is_as_planned(struct key_plan plan, const struct key_material *rows, size_t count)
{
    const struct key_reading reading = {.rows = rows, .count = count};
    return key_rows_are_as_planned(plan, &reading);
}

static void check_update(void)
{
    const struct key_material was = material("a");
    struct planned_key planned = {.was = &was, .becomes = material("a")};
    planned.becomes.remove_at = 70;
    planned.becomes.sealed_private = BYTES_ABSENT;
    const struct key_plan plan = key_rows_keep((struct key_plan){&planned, 1}, &arena);
    CHECK(is_as_planned(plan, &planned.becomes, 1) && !is_as_planned(plan, &was, 1) && !is_as_planned(plan, NULL, 0));
    struct key_material others[6];
    for (size_t i = 0; i < 6; i++) others[i] = planned.becomes;
    others[0].activate_at++, others[1].retire_at++, others[2].remove_at++, others[3].wanted_at++;
    others[4].sealed_private = BYTES("sealed");
    others[5].kid = BYTES("b");
    for (size_t i = 0; i < 6; i++) CHECK(!is_as_planned(plan, &others[i], 1));
    CHECK(!is_as_planned((struct key_plan){NULL, 0}, others, 6));
}

/* others may have gone on from there already */
static void check_added(void)
{
    const struct key_material was = material("a");
    struct planned_key planned[] = {{.was = &was, .becomes = material("a")}, {.becomes = material("new")}};
    planned[0].becomes.remove_at = 70;
    const struct key_plan plan = key_rows_keep((struct key_plan){planned, 2}, &arena);
    CHECK(!is_as_planned(plan, &planned[0].becomes, 1));
    struct key_material rows[] = {was, material("new")};
    rows[1].wanted_at++;
    CHECK(is_as_planned(plan, rows, 2));
}

static void check_deleted(void)
{
    const struct key_material was = material("a"), other = material("b");
    const struct planned_key planned = {.was = &was, .becomes = was, .deleted = true};
    struct planned_key copy = planned;
    const struct key_plan plan = key_rows_keep((struct key_plan){&copy, 1}, &arena);
    CHECK(is_as_planned(plan, &other, 1) && !is_as_planned(plan, &was, 1));
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    TEST("rows are read, and those of an unknown algorithm set apart with words") check_reading();
    TEST("a plan is written as what is added, updated and deleted") check_writing();
    TEST("an update that was tried is known again by its times and its seal") check_update();
    TEST("a plan that added a key is known again by it") check_added();
    TEST("a deletion that was tried is known again") check_deleted();
    arena_release(&arena);
    return TEST_END();
}
