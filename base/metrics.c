#include "base/metrics_inside.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table ---- */

#define LIST(...) __VA_ARGS__
#define COUNT_OF(...) sizeof((enum metric_label[]){__VA_ARGS__}) / sizeof(enum metric_label)
#define FAMILY(id, family_kind, text, label_list, sentence)                                                            \
    [METRIC_##id] = {.name = text,                                                                                     \
                     .help = sentence,                                                                                 \
                     .kind = METRIC_KIND_##family_kind,                                                                \
                     .label_count = COUNT_OF label_list,                                                               \
                     .labels = {LIST label_list}},
const struct metric_family metric_families[METRIC_COUNT] = {METRIC_FAMILIES(FAMILY)};

static const int64_t WAIT_BUCKETS[] = {500,    1000,   2500,   5000,    10000,   25000,  50000,
                                       100000, 250000, 500000, 1000000, 2500000, 5000000};
static const int64_t WORK_BUCKETS[] = {50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000};
static const int64_t SIZE_BUCKETS[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};

#define BUCKETS(bounds) ((struct metric_buckets){bounds, sizeof(bounds) / sizeof(bounds)[0]})
struct metric_buckets metric_buckets_of(const struct metric_family *family)
{
    switch (family->kind) {
    case METRIC_KIND_WAITS: return BUCKETS(WAIT_BUCKETS);
    case METRIC_KIND_WORKS: return BUCKETS(WORK_BUCKETS);
    case METRIC_KIND_SIZES: return BUCKETS(SIZE_BUCKETS);
    case METRIC_KIND_COUNTER:
    case METRIC_KIND_LEVEL:
    case METRIC_KIND_READING:
    case METRIC_KIND_READING_TOTAL: break;
    }
    return (struct metric_buckets){NULL, 0};
}

/* ---- labels ---- */

struct place {
    char name[METRIC_WORD_MAX + 1];
    uint64_t asked; /* when its name was last asked for, in asking order */
};

#define PLACES(id, text, place_count, first, what) static struct place places_##id[place_count] = {{.name = first}};
METRIC_NAMED_LABELS(PLACES)

#define WORD(id, word) word,
#define FIXED(id, text, list)                                                                                          \
    [id] = {.name = text,                                                                                              \
            .words = (const char *const[]){list(WORD)},                                                                \
            .value_count = sizeof((const char *const[]){list(WORD)}) / sizeof(char *)},
#define NAMED(id, text, place_count, first, what) [id] = {.name = text, .value_count = place_count, .told = what},
const struct metric_label_row metric_labels[METRIC_LABEL_COUNT] = {METRIC_LABELS(FIXED) METRIC_NAMED_LABELS(NAMED)};

#define NAMED_PLACES(id, text, place_count, first, what) [id] = places_##id,
static struct place *const named[METRIC_LABEL_COUNT] = {METRIC_NAMED_LABELS(NAMED_PLACES)};

const char *metric_word(enum metric_label label, size_t value)
{
    assert(value < metric_labels[label].value_count);
    return named[label] == NULL ? metric_labels[label].words[value] : named[label][value].name;
}

/* ---- where the cells are ---- */

size_t metric_row_count(const struct metric_family *family)
{
    size_t count = 1;
    for (size_t i = 0; i < family->label_count; i++) count *= metric_labels[family->labels[i]].value_count;
    return count;
}

size_t metric_row_width(const struct metric_family *family)
{
    switch (family->kind) {
    case METRIC_KIND_COUNTER:
    case METRIC_KIND_LEVEL: return 1;
    case METRIC_KIND_WAITS:
    case METRIC_KIND_WORKS:
    case METRIC_KIND_SIZES: return metric_buckets_of(family).count + 2;
    case METRIC_KIND_READING:
    case METRIC_KIND_READING_TOTAL: break;
    }
    return 0;
}

/* a thread's own; the next thread's once it has ended */
struct block {
    struct block *next;
    bool owned;
    _Alignas(64) _Atomic uint64_t cells[]; /* written by the owner alone */
};

static struct {
    pthread_mutex_t lock;
    pthread_once_t once;
    pthread_key_t end_of_thread;
    size_t first[METRIC_COUNT]; /* of a family's cells */
    size_t cell_count;
    struct block *blocks;
    uint64_t *carried; /* to be added: what was moved from forgotten names to the first place */
    uint64_t asked;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

static _Thread_local struct block *mine;

static void let_block_go(void *block)
{
    pthread_mutex_lock(&all.lock);
    ((struct block *)block)->owned = false;
    pthread_mutex_unlock(&all.lock);
    mine = NULL;
}

static void lay_out(void)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_family *family = &metric_families[i];
        all.first[i] = all.cell_count;
        all.cell_count += metric_row_count(family) * metric_row_width(family);
    }
    all.carried = calloc(all.cell_count, sizeof all.carried[0]);
    if (all.carried == NULL || pthread_key_create(&all.end_of_thread, let_block_go) != 0) abort();
}

static struct block *create_block(void)
{
    size_t size = sizeof(struct block) + all.cell_count * sizeof(uint64_t);
    struct block *block = aligned_alloc(64, (size + 63) / 64 * 64);
    if (block == NULL) abort();
    block->next = all.blocks;
    for (size_t i = 0; i < all.cell_count; i++) atomic_init(&block->cells[i], 0);
    all.blocks = block;
    return block;
}

static struct block *take_block(void)
{
    pthread_once(&all.once, lay_out);
    pthread_mutex_lock(&all.lock);
    struct block *block = all.blocks;
    while (block != NULL && block->owned) block = block->next;
    if (block == NULL) block = create_block();
    block->owned = true;
    pthread_mutex_unlock(&all.lock);
    if (pthread_setspecific(all.end_of_thread, block) != 0) abort();
    return mine = block;
}

static struct block *my_block(void) { return mine != NULL ? mine : take_block(); }

/* ---- counting ---- */

/* no locked instruction: nobody else writes here */
static void grow(_Atomic uint64_t *cell, uint64_t by)
{
    atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + by, memory_order_relaxed);
}

static size_t place_of(const struct metric_row *row, const struct metric_family *family)
{
    size_t place = 0;
    assert(row->label_count == family->label_count);
    for (size_t i = 0; i < family->label_count; i++) {
        size_t value_count = metric_labels[family->labels[i]].value_count;
        assert(row->labels[i] < value_count);
        place = place * value_count + row->labels[i];
    }
    return place;
}

void metric_add_to(const struct metric_row *row, int64_t number)
{
    struct block *block = my_block();
    const struct metric_family *family = &metric_families[row->metric];
    assert(family->kind == METRIC_KIND_LEVEL || (family->kind == METRIC_KIND_COUNTER && number >= 0));
    grow(&block->cells[all.first[row->metric] + place_of(row, family)], (uint64_t)number);
}

void metric_observe_in(const struct metric_row *row, int64_t value)
{
    struct block *block = my_block();
    const struct metric_family *family = &metric_families[row->metric];
    struct metric_buckets buckets = metric_buckets_of(family);
    _Atomic uint64_t *cells = &block->cells[all.first[row->metric] + place_of(row, family) * metric_row_width(family)];
    size_t bucket = 0;
    assert(buckets.count > 0);
    while (bucket < buckets.count && value > buckets.most[bucket]) bucket++;
    grow(&cells[bucket], 1);
    grow(&cells[buckets.count + 1], value > 0 ? (uint64_t)value : 0);
}

/* ---- reading ---- */

void metrics_lock(void)
{
    pthread_once(&all.once, lay_out);
    pthread_mutex_lock(&all.lock);
}

void metrics_unlock(void) { pthread_mutex_unlock(&all.lock); }

static uint64_t sum_at(size_t cell)
{
    uint64_t sum = all.carried[cell];
    for (struct block *block = all.blocks; block != NULL; block = block->next)
        sum += atomic_load_explicit(&block->cells[cell], memory_order_relaxed);
    return sum;
}

uint64_t metric_sum(enum metric metric, size_t row, size_t cell)
{
    return sum_at(all.first[metric] + row * metric_row_width(&metric_families[metric]) + cell);
}

/* ---- names ---- */

/* how far apart two neighbouring values of that label are, in rows; 0: the family hasn't got it */
static size_t stride_of(const struct metric_family *family, enum metric_label label)
{
    size_t stride = 1;
    for (size_t i = family->label_count; i-- > 0; stride *= metric_labels[family->labels[i]].value_count)
        if (family->labels[i] == label) return stride;
    return 0;
}

/* what this value of the label has becomes the first one's */
static void carry(enum metric metric, enum metric_label label, size_t value)
{
    const struct metric_family *family = &metric_families[metric];
    size_t stride = stride_of(family, label), width = metric_row_width(family);
    for (size_t row = 0; stride > 0 && row < metric_row_count(family); row++) {
        if (row / stride % metric_labels[label].value_count != value) continue;
        for (size_t i = 0; i < width; i++) {
            size_t from = all.first[metric] + row * width + i;
            uint64_t moved = sum_at(from);
            all.carried[from] -= moved;
            all.carried[from - value * stride * width] += moved;
        }
    }
}

static void forget(enum metric_label label, size_t value)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) carry((enum metric)i, label, value);
}

/* its place, or a free one, or else the one whose name was asked for longest ago */
static size_t find_place(enum metric_label label, struct bytes name)
{
    const struct place *places = named[label];
    size_t oldest = 1;
    for (size_t i = 1; i < metric_labels[label].value_count; i++) {
        if (bytes_equal(bytes_of(places[i].name), name)) return i;
        if (places[i].asked < places[oldest].asked) oldest = i;
    }
    return oldest;
}

unsigned metric_name(enum metric_label label, struct bytes name)
{
    assert(named[label] != NULL);
    if (name.len == 0 || name.len > METRIC_WORD_MAX) return 0;
    metrics_lock();
    size_t value = bytes_equal(bytes_of(named[label][0].name), name) ? 0 : find_place(label, name);
    struct place *place = &named[label][value];
    if (!bytes_equal(bytes_of(place->name), name)) {
        if (place->asked > 0) forget(label, value);
        memcpy(place->name, name.at, name.len);
        place->name[name.len] = 0;
    }
    place->asked = ++all.asked;
    metrics_unlock();
    return (unsigned)value;
}
