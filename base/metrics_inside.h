/* metrics_inside: what counting (metrics.c) and writing (metrics_text.c) share; for these two alone. */
#ifndef BASE_METRICS_INSIDE_H
#define BASE_METRICS_INSIDE_H

#include "base/metrics.h"

enum metric_kind {
    METRIC_KIND_COUNTER,
    METRIC_KIND_LEVEL,
    METRIC_KIND_WAITS,
    METRIC_KIND_WORKS,
    METRIC_KIND_SIZES,
    METRIC_KIND_READING,
    METRIC_KIND_READING_TOTAL,
};

struct metric_family {
    const char *name, *help;
    enum metric_kind kind;
    size_t label_count;
    enum metric_label labels[METRIC_LABELS_MAX];
};
extern const struct metric_family metric_families[METRIC_COUNT];

/* the upper bounds of a histogram's buckets, the last of which is open; count 0: it is none */
struct metric_buckets {
    const int64_t *most;
    size_t count;
};
struct metric_buckets metric_buckets_of(const struct metric_family *family);

struct metric_label_row {
    const char *name;
    const char *const *words; /* NULL: named */
    size_t value_count;
    const char *told; /* of a named one: what its values are */
};
extern const struct metric_label_row metric_labels[METRIC_LABEL_COUNT];

/* A family's rows are the combinations of its labels' values, the last label changing fastest; each has its cells: one,
 * or of a histogram its buckets, the open one, and the sum. */
size_t metric_row_count(const struct metric_family *family);
size_t metric_row_width(const struct metric_family *family); /* 0: it isn't counted */

/* ---- between metrics_lock and metrics_unlock ---- */
void metrics_lock(void);
void metrics_unlock(void);
/* of all threads, ever */
uint64_t metric_sum(enum metric metric, size_t row, size_t cell);
/* "" for a place that has no name yet; lives until metrics_unlock */
const char *metric_word(enum metric_label label, size_t value);

#endif
