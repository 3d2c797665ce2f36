/* key_events: what happened to the keys since the last reading, as lines of the log; for key_view.c.
 *
 * key_rotated (a key signs from now on), key_retired, key_removed, key_incomplete (a row that lacks its private part), key_unopenable, algorithm_unused, clock_jumped. What a
 * process does itself is told where it is done (key_work.c): key_made, key_revoked, keys_resealed. */
#ifndef OAUTH_KEY_EVENTS_H
#define OAUTH_KEY_EVENTS_H

#include "oauth/key_view.h"

struct seen_key;
struct key_events {
    struct seen_key *seen; /* owned; what the last reading showed */
    size_t count;
    bool began; /* there was one */
    bool told_unused[KEY_ALGORITHM_COUNT];
    struct arena arena; /* of what was wrong then */
    struct key_troubles troubles;
};
void key_events_init(struct key_events *events);
void key_events_tell(struct key_events *events, const struct key_rules *rules, const struct key_reading *reading, struct key_troubles troubles);
void key_events_tell_jump(int64_t drift_ms);
void key_events_release(struct key_events *events);

/* a line about one key */
struct log_line;
void key_events_begin(struct log_line *line, const char *event, const struct key_material *key);

#endif
