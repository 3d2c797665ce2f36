#include "keys/plan.h"

#include "keys/draft.h"
#include "keys/seal.h"
#include "keys/times.h"

/* ---- the inequalities ---- */

/* Whoever fetched the set just before the key was made has fetched it again, however late the other replicas heard of
 * the key, whatever his clock says, and though we did not answer him for a while. */
int64_t keys_publish_before_least_ms(int64_t jwks_max_age_ms)
{
    int64_t stale_if_error_ms = jwks_max_age_ms;
    return jwks_max_age_ms + stale_if_error_ms + 2LL * KEYS_POLL_MS + KEYS_SKEW_MS;
}

int64_t keys_keep_after_least_ms(int64_t jwks_max_age_ms, int64_t token_ttl_max_ms)
{
    int64_t stale_if_error_ms = jwks_max_age_ms;
    return token_ttl_max_ms + KEYS_SKEW_MS + jwks_max_age_ms + stale_if_error_ms;
}

int64_t keys_rotate_every_least_ms(int64_t publish_before_ms) { return 2 * publish_before_ms; }

/* ---- states ---- */

struct bytes key_state_name(enum key_state state)
{
    static const struct bytes names[] = {[KEY_PENDING] = BYTES("pending"),
                                         [KEY_ACTIVE] = BYTES("active"),
                                         [KEY_RETIRING] = BYTES("retiring"),
                                         [KEY_REMOVED] = BYTES("removed")};
    return names[state];
}

static bool signs_now(const struct key_situation *s, const struct key_material *key)
{
    if (!bytes_present(key->sealed_private) || !times_may_sign(key, s->now)) return false;
    for (size_t i = 0; i < s->count; i++) {
        const struct key_material *other = &s->rows[i];
        if (other == key || other->algorithm != key->algorithm || !bytes_present(other->sealed_private)) continue;
        if (times_may_sign(other, s->now) && times_better(other, key, s->now)) return false;
    }
    return true;
}

enum key_state key_state_of(const struct key_situation *s, size_t i)
{
    const struct key_material *key = &s->rows[i];
    if (times_removed(key, s->now)) return KEY_REMOVED;
    if (times_waiting(key, s->now)) return KEY_PENDING;
    return signs_now(s, key) ? KEY_ACTIVE : KEY_RETIRING;
}

/* ---- what has to be done ---- */

bool planned_key_goes(const struct planned_key *key, int64_t now)
{
    return key->was != NULL && !times_removed(key->was, now) && times_removed(&key->becomes, now);
}

size_t keys_plan(const struct key_situation *situation, struct planned_key *plan)
{
    struct draft draft;
    draft_begin(&draft, situation, plan);
    draft_tend(&draft);
    return draft_end(&draft);
}

/* ---- rotating ---- */

static bool is_chosen(const struct key_rotation *rotation, enum key_algorithm algorithm)
{
    return !rotation->one || rotation->algorithm == algorithm;
}

/* draft_tend has seen to it that both are there */
static void rotate(struct draft *draft, enum key_algorithm algorithm)
{
    struct draft_view view = draft_look(draft, algorithm);
    draft_retire(draft, view.signing);
    draft_promote(draft, view.waiting);
}

/* What leaked is any key that there was; what is made by this very plan is as fresh as can be. */
static void remove_all(struct draft *draft, const struct key_rotation *rotation)
{
    for (size_t i = 0; i < draft->count; i++) {
        struct planned_key *key = &draft->at[i];
        bool chosen = key->was != NULL && is_chosen(rotation, key->becomes.algorithm);
        if (chosen && !draft_is_gone(draft, key)) draft_remove(draft, key);
    }
}

static bool is_too_young(struct draft *draft, enum key_algorithm algorithm, int64_t *until)
{
    *until = draft_look(draft, algorithm).waiting->becomes.created_at + draft->s->times->publish_before_ms;
    return *until > draft->s->now;
}

static bool opens(const struct system_secrets *secrets, const struct key_material *row)
{
    struct secret private;
    if (seal_open(secrets, row->kid, row->sealed_private, &private) != SEAL_OPEN) return false;
    secret_release(&private);
    return true;
}

/* Looked for first of all, and of every algorithm: who is told that a key is too young may force it. */
static struct bytes find_unopenable(struct draft *draft, const struct key_rotation *rotation)
{
    for (size_t i = 0; i < draft->s->algorithm_count; i++) {
        if (!is_chosen(rotation, draft->s->algorithms[i])) continue;
        const struct planned_key *waiting = draft_look(draft, draft->s->algorithms[i]).waiting;
        if (waiting->was != NULL && !opens(rotation->secrets, &waiting->becomes)) return waiting->becomes.kid;
    }
    return BYTES_ABSENT;
}

struct planned_rotation keys_plan_rotate(const struct key_situation *s, const struct key_rotation *rotation,
                                         struct planned_key *plan)
{
    struct draft draft;
    struct planned_rotation planned = {.outcome = KEYS_ROTATE_NOT_CONFIGURED};
    bool must_wait = !rotation->force && !rotation->fresh;
    draft_begin(&draft, s, plan);
    draft_tend(&draft);
    if (must_wait && rotation->secrets != NULL) planned.kid = find_unopenable(&draft, rotation);
    if (bytes_present(planned.kid)) {
        planned.outcome = KEYS_ROTATE_UNOPENABLE;
        return planned;
    }
    for (size_t i = 0; i < s->algorithm_count; i++) {
        if (!is_chosen(rotation, s->algorithms[i])) continue;
        planned.algorithm = s->algorithms[i];
        if (must_wait && is_too_young(&draft, s->algorithms[i], &planned.until)) {
            planned.outcome = KEYS_ROTATE_TOO_YOUNG;
            return planned;
        }
        planned.outcome = KEYS_ROTATE_PLANNED;
        if (!rotation->fresh) rotate(&draft, s->algorithms[i]);
    }
    if (planned.outcome == KEYS_ROTATE_NOT_CONFIGURED) return planned;
    if (rotation->fresh) remove_all(&draft, rotation);
    draft_tend(&draft);
    planned.count = draft_end(&draft);
    return planned;
}

/* ---- revoking ---- */

static struct planned_key *find(struct draft *draft, struct bytes kid)
{
    for (size_t i = 0; i < draft->count; i++)
        if (draft->at[i].was != NULL && bytes_equal(draft->at[i].becomes.kid, kid)) return &draft->at[i];
    return NULL;
}

/* A key may sign past its retire_at, until somebody sees that its time is over: its remove_at counts from then. Whoever
 * could not read that goes on for as long as his view lasts. */
static int64_t last_signed_at(const struct key_situation *s, const struct key_material *key, enum key_state state)
{
    int64_t seen_over_at = key->remove_at - s->times->keep_after_ms;
    if (seen_over_at < key->retire_at) seen_over_at = key->retire_at;
    bool over = state == KEY_RETIRING && seen_over_at < s->now;
    return (over ? seen_over_at : s->now) + KEYS_VIEW_MAX_MS;
}

struct planned_revocation keys_plan_revoke(const struct key_situation *s, struct bytes kid, struct planned_key *plan)
{
    struct draft draft;
    struct planned_revocation planned = {.outcome = KEYS_REVOKE_UNKNOWN};
    draft_begin(&draft, s, plan);
    struct planned_key *key = find(&draft, kid);
    if (key == NULL) return planned;
    planned.state = key_state_of(s, (size_t)(key - plan));
    planned.outcome = KEYS_REVOKE_GONE;
    if (planned.state == KEY_REMOVED) return planned;
    planned.outcome = KEYS_REVOKE_PLANNED;
    if (planned.state != KEY_PENDING) {
        planned.signed_from = key->becomes.activate_at;
        planned.signed_until = last_signed_at(s, &key->becomes, planned.state);
    }
    draft_remove(&draft, key);
    draft_tend(&draft);
    planned.count = draft_end(&draft);
    return planned;
}

/* ---- sealing anew ---- */

static bool reseal(struct key_material *row, const struct resealing *with, struct fault *fault)
{
    struct secret private;
    if (seal_open(with->secrets, row->kid, row->sealed_private, &private) != SEAL_OPEN)
        return fault_set(
            fault, FAULT_INPUT, "keys: reseal",
            "signing key %.*s can't be opened with any of secrets.system: put the secret that it is sealed "
            "under back into the list, or take the key out with `hydrant keys revoke %.*s`",
            BYTES_PRINT(row->kid), BYTES_PRINT(row->kid));
    row->sealed_private = seal_close(with->secrets, row->kid, &private, with->arena);
    secret_release(&private);
    return bytes_present(row->sealed_private) || fault_set(fault, FAULT_FULL, "keys: reseal", "too many keys");
}

bool keys_plan_reseal(const struct key_situation *s, const struct resealing *with, struct planned_key *plan,
                      size_t *count, struct fault *fault)
{
    struct draft draft;
    draft_begin(&draft, s, plan);
    for (size_t i = 0; i < draft.count; i++) {
        struct key_material *row = &draft.at[i].becomes;
        if (!bytes_present(row->sealed_private) || seal_is_first(with->secrets, row->sealed_private)) continue;
        if (!reseal(row, with, fault)) return false;
    }
    *count = draft_end(&draft);
    return true;
}
