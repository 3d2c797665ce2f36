/* metrics: counts what happens, for /metrics/prometheus (base/metrics_text.h writes it, metrics_table.h has the rows).
 *
 *     metric_count(METRIC_REFRESHES, REFRESH_ROTATED);                        one more
 *     metric_add(METRIC_STORAGE_QUEUE, -1);                                   a LEVEL goes up or down
 *     metric_observe(METRIC_STORAGE_WAIT, waited_us, STORAGE_ROTATE);         a histogram has one more value
 *
 * Rule: the family, then the number where there is one, then a value for each of its labels, in the table's order. May
 * be called from any thread, at any time; costs some tens of instructions and takes no lock: every thread writes a
 * block of its own, which stays when the thread ends and is another's then, so that totals never fall. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/bytes.h"
#include "base/metrics_table.h"

#define METRIC_FAMILY_ENUMERATOR(name, kind, text, labels, help) METRIC_##name,
enum metric { METRIC_FAMILIES(METRIC_FAMILY_ENUMERATOR) METRIC_COUNT };

#define METRIC_LABEL_ENUMERATOR(name, ...) name,
enum metric_label {
    METRIC_LABELS(METRIC_LABEL_ENUMERATOR) METRIC_NAMED_LABELS(METRIC_LABEL_ENUMERATOR) METRIC_LABEL_COUNT
};

enum { METRIC_LABELS_MAX = 4, METRIC_WORD_MAX = 64 };

struct metric_row {
    enum metric metric;
    size_t label_count;
    unsigned labels[METRIC_LABELS_MAX];
};
#define METRIC_ROW(metric, ...)                                                                                        \
    (&(struct metric_row){metric, sizeof((unsigned[]){0, ##__VA_ARGS__}) / sizeof(unsigned) - 1, {__VA_ARGS__}})

#define metric_count(metric, ...) metric_add_to(METRIC_ROW(metric, ##__VA_ARGS__), 1)
#define metric_add(metric, number, ...) metric_add_to(METRIC_ROW(metric, ##__VA_ARGS__), number)
#define metric_observe(metric, value, ...) metric_observe_in(METRIC_ROW(metric, ##__VA_ARGS__), value)

void metric_add_to(const struct metric_row *row, int64_t number);
void metric_observe_in(const struct metric_row *row, int64_t value); /* below 0: 0 */

/* The place of a name in a named label: the value to count by. Never a stranger's word. A name that is longer than
 * METRIC_WORD_MAX is the first place, "other". Where all places are taken, the name that was asked for longest ago is
 * forgotten, what it had counts as other, and its place is the new name's. Locks: ask once, and keep it. */
unsigned metric_name(enum metric_label label, struct bytes name);

#endif
