/* key_listing: the keys' table, and what the settings ask of it, as the admin API shows them. Times are RFC 3339, null where there is none; lengths of time are seconds. */
#ifndef ADMIN_KEY_LISTING_H
#define ADMIN_KEY_LISTING_H

#include "base/text.h"
#include "oauth/key_work.h"

struct key_listing {
    const struct key_reading *reading;
    const struct key_rules *rules;
    int64_t jwks_max_age_ms;
    const struct key_report *order; /* what was ordered before; NULL: nothing */
    struct key_troubles troubles;
};
/* {"now":..,"rules":{..},"keys":[{"kid":..,"algorithm":..,"state":..,...}]}, "removed":[kid, ...] behind an order, "warnings":[..] where there are any; absent
 * when the arena is too small */
struct bytes key_listing_write(const struct key_listing *listing, struct arena *arena);

struct key_revoked {
    struct bytes kid;
    const struct key_report *report;
    int64_t token_ttl_max_ms, jwks_max_age_ms;
};
/* {"kid":..,"state":..,"signed_from":..,"signed_until":..,"tokens_until":..,"cached_until":..}: the state it was in, whose tokens die, and until when caches
 * that keep to the headers may know it still */
struct bytes key_revoked_write(const struct key_revoked *revoked, struct arena *arena);
/* {"resealed":n} */
struct bytes key_resealed_write(const struct key_report *report, struct arena *arena);

#endif
