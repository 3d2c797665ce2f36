#include "identity/kratos/skim.h"

#include <string.h>

#include "base/encoding.h"
#include "base/json.h"
#include "net/client.h"

enum place { PLACE_OTHER, PLACE_ID, PLACE_ACTIVE, PLACE_STATE, PLACE_COUNT };

struct skim {
    struct bytes id;         /* that was asked for */
    bool is_session;         /* else a person */
    size_t level;            /* of objects and lists that are open */
    bool in_identity;        /* what is open at the second level */
    enum place place;        /* of the value to come */
    size_t met[PLACE_COUNT]; /* how many values stood there */
    bool about_it, inactive, disabled;
};

static enum place place_of(const struct skim *skim, struct bytes name)
{
    bool has_state = skim->is_session ? skim->level == 2 && skim->in_identity : skim->level == 1;
    if (has_state && bytes_equal(name, BYTES("state"))) return PLACE_STATE;
    if (skim->level != 1) return PLACE_OTHER;
    if (bytes_equal(name, BYTES("id"))) return PLACE_ID;
    return skim->is_session && bytes_equal(name, BYTES("active")) ? PLACE_ACTIVE : PLACE_OTHER;
}

static bool on_name(void *data, struct bytes name)
{
    struct skim *skim = data;
    if (skim->level == 1) skim->in_identity = bytes_equal(name, BYTES("identity"));
    skim->place = place_of(skim, name);
    return true;
}

/* every value comes by here */
static enum place take_place(struct skim *skim)
{
    enum place place = skim->place;
    skim->met[place]++;
    skim->place = PLACE_OTHER;
    return place;
}

static bool is_same_uuid(struct bytes a, struct bytes b)
{
    unsigned char x[16], y[16];
    return uuid_parse(a, x) && uuid_parse(b, y) && memcmp(x, y, sizeof x) == 0;
}

static bool on_null(void *data)
{
    take_place(data);
    return true;
}

static bool on_bool(void *data, bool truth)
{
    struct skim *skim = data;
    if (take_place(skim) == PLACE_ACTIVE) skim->inactive = !truth;
    return true;
}

static bool on_number(void *data, struct bytes text)
{
    (void)text;
    take_place(data);
    return true;
}

static bool on_string(void *data, struct bytes text)
{
    struct skim *skim = data;
    enum place place = take_place(skim);
    if (place == PLACE_ID) skim->about_it = is_same_uuid(text, skim->id);
    if (place == PLACE_STATE) skim->disabled = !bytes_equal(text, BYTES("active"));
    return true;
}

static bool on_open(void *data)
{
    struct skim *skim = data;
    take_place(skim);
    skim->level++;
    return true;
}

static bool on_end(void *data)
{
    struct skim *skim = data;
    skim->level--;
    return true;
}

static enum standing read_skimmed(const struct skim *skim)
{
    if (!skim->about_it) return STANDING_UNCLEAR;
    for (enum place place = PLACE_ID; place < PLACE_COUNT; place++)
        if (skim->met[place] > 1) return STANDING_UNCLEAR;
    if (skim->inactive) return STANDING_INACTIVE;
    return skim->disabled ? STANDING_DISABLED : STANDING_UNCLEAR;
}

static enum standing skim_answer(struct bytes body, struct skim *skim)
{
    static const struct json_events events = {
        .on_null = on_null,
        .on_bool = on_bool,
        .on_number = on_number,
        .on_string = on_string,
        .on_object = on_open,
        .on_name = on_name,
        .on_object_end = on_end,
        .on_array = on_open,
        .on_array_end = on_end,
    };
    struct fault fault;
    bool read_whole = json_walk(body, CLIENT_BODY_MAX, &events, skim, &fault);
    (void)read_whole; /* what was met before the trouble counts */
    return read_skimmed(skim);
}

enum standing skim_session(struct bytes body, struct bytes id)
{
    return skim_answer(body, &(struct skim){.id = id, .is_session = true});
}

enum standing skim_person(struct bytes body, struct bytes id) { return skim_answer(body, &(struct skim){.id = id}); }
