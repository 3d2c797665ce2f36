#include "oauth/key_rows.h"

#include "base/text.h"

/* ---- reading ---- */

static struct key_trouble describe_unread(const struct key_row *row, struct arena *arena)
{
    struct text words;
    text_init(&words, arena, 256);
    text_put_format(&words,
        "signing key %.*s has the algorithm \"%.*s\", which this version doesn't know: install the version that made it, or delete its row of signing_keys",
        BYTES_PRINT(row->kid), BYTES_PRINT(row->algorithm));
    return (struct key_trouble){row->kid, text_bytes(&words)};
}

static struct key_material read_row(const struct key_row *row, enum key_algorithm algorithm)
{
    return (struct key_material){.kid = row->kid, .algorithm = algorithm, .epoch = row->epoch, .created_at = row->created_at, .activate_at = row->activate_at,
        .retire_at = row->retire_at, .remove_at = row->remove_at, .wanted_at = row->wanted_at, .public_jwk = row->public_jwk, .sealed_private = row->sealed_private};
}

bool key_rows_read(const struct key_list *list, struct arena *arena, struct key_reading *reading, struct fault *fault)
{
    struct key_material *rows = arena_take(arena, (list->count + 1) * sizeof *rows);
    struct key_trouble *unread = arena_take(arena, (list->count + 1) * sizeof *unread);
    if (rows == NULL || unread == NULL) return fault_set(fault, FAULT_FULL, "keys: read", "there are too many signing keys: %zu", list->count);
    *reading = (struct key_reading){.rows = rows, .now = list->now, .unread = {unread, 0}};
    for (size_t i = 0; i < list->count; i++) {
        enum key_algorithm algorithm;
        if (key_algorithm_parse(list->rows[i].algorithm, &algorithm)) rows[reading->count++] = read_row(&list->rows[i], algorithm);
        else unread[reading->unread.count++] = describe_unread(&list->rows[i], arena);
    }
    return true;
}

/* ---- writing ---- */

static struct key_row write_row(const struct key_material *key)
{
    return (struct key_row){.kid = key->kid, .algorithm = key_algorithm_name(key->algorithm), .epoch = key->epoch, .created_at = key->created_at, .activate_at = key->activate_at,
        .retire_at = key->retire_at, .remove_at = key->remove_at, .wanted_at = key->wanted_at, .public_jwk = key->public_jwk, .sealed_private = key->sealed_private};
}

bool key_rows_write(struct key_plan plan, struct arena *arena, struct key_change *change, struct fault *fault)
{
    struct key_row *added = arena_take(arena, plan.count * sizeof *added), *deleted = arena_take(arena, plan.count * sizeof *deleted);
    struct key_update *updated = arena_take(arena, plan.count * sizeof *updated);
    if (added == NULL || deleted == NULL || updated == NULL) return fault_set(fault, FAULT_FULL, "keys: change", "no room");
    *change = (struct key_change){.added = added, .updated = updated, .deleted = deleted};
    for (size_t i = 0; i < plan.count; i++) {
        const struct planned_key *key = &plan.at[i];
        if (key->was == NULL) added[change->added_count++] = write_row(&key->becomes);
        else if (key->deleted) deleted[change->deleted_count++] = write_row(key->was);
        else updated[change->updated_count++] = (struct key_update){write_row(key->was), write_row(&key->becomes)};
    }
    return true;
}

/* ---- a plan that was tried ---- */

struct key_material key_rows_keep_row(const struct key_material *row, struct arena *arena)
{
    struct key_material kept = *row;
    kept.kid = arena_copy(arena, row->kid);
    kept.public_jwk = arena_copy(arena, row->public_jwk);
    kept.sealed_private = arena_copy(arena, row->sealed_private);
    return kept;
}

struct key_plan key_rows_keep(struct key_plan plan, struct arena *arena)
{
    struct planned_key *kept = arena_take(arena, (plan.count + 1) * sizeof *kept);
    struct key_material *were = arena_take(arena, (plan.count + 1) * sizeof *were);
    for (size_t i = 0; kept != NULL && were != NULL && i < plan.count; i++) {
        kept[i] = plan.at[i];
        kept[i].becomes = key_rows_keep_row(&plan.at[i].becomes, arena);
        if (plan.at[i].was == NULL) continue;
        were[i] = key_rows_keep_row(plan.at[i].was, arena);
        kept[i].was = &were[i];
    }
    return (struct key_plan){kept, arena->overflowed ? 0 : plan.count};
}

static const struct key_material *find(const struct key_reading *reading, struct bytes kid)
{
    for (size_t i = 0; i < reading->count; i++)
        if (bytes_equal(reading->rows[i].kid, kid)) return &reading->rows[i];
    return NULL;
}

static bool is_as_planned(const struct planned_key *key, const struct key_material *row)
{
    const struct key_material *want = &key->becomes;
    if (key->deleted || row == NULL) return key->deleted && row == NULL;
    return row->activate_at == want->activate_at && row->retire_at == want->retire_at && row->remove_at == want->remove_at && row->wanted_at == want->wanted_at &&
           bytes_equal(row->sealed_private, want->sealed_private);
}

bool key_rows_are_as_planned(struct key_plan tried, const struct key_reading *reading)
{
    for (size_t i = 0; i < tried.count; i++)
        if (tried.at[i].was == NULL) return find(reading, tried.at[i].becomes.kid) != NULL;
    for (size_t i = 0; i < tried.count; i++)
        if (!is_as_planned(&tried.at[i], find(reading, tried.at[i].becomes.kid))) return false;
    return tried.count > 0;
}
