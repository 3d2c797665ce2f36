#include "base/metrics_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/metrics_inside.h"

/* ---- numbers ---- */

struct number {
    char at[32];
    size_t len;
};

static struct bytes bytes_of_number(const struct number *number) { return (struct bytes){number->at, number->len}; }

static struct number write_count(uint64_t count)
{
    struct number number;
    number.len = (size_t)snprintf(number.at, sizeof number.at, "%" PRIu64, count);
    return number;
}

/* 500 us is 0.0005: no zeros behind, no point without a digit */
static struct number write_seconds(uint64_t us)
{
    struct number number;
    number.len = (size_t)snprintf(number.at, sizeof number.at, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
    while (number.at[number.len - 1] == '0') number.len--;
    if (number.at[number.len - 1] == '.') number.len--;
    return number;
}

/* what a histogram observed: times are told in microseconds */
static struct number write_amount(const struct metric_family *family, uint64_t amount)
{
    bool is_time = family->kind == METRIC_KIND_WAITS || family->kind == METRIC_KIND_WORKS;
    return is_time ? write_seconds(amount) : write_count(amount);
}

/* ---- a family's beginning ---- */

static const char *type_of(const struct metric_family *family)
{
    switch (family->kind) {
    case METRIC_KIND_COUNTER:
    case METRIC_KIND_READING_TOTAL: return "counter";
    case METRIC_KIND_LEVEL:
    case METRIC_KIND_READING: return "gauge";
    case METRIC_KIND_WAITS:
    case METRIC_KIND_WORKS:
    case METRIC_KIND_SIZES: return "histogram";
    }
    return "untyped";
}

void metrics_begin(struct text *t, enum metric metric)
{
    const struct metric_family *family = &metric_families[metric];
    text_put_format(t, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name, type_of(family));
}

/* ---- labels ---- */

/* The format escapes \, " and line feed. What else isn't plain ASCII has no business in a name of ours. */
static void put_value(struct text *t, struct bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        if (c == '\n')
            text_put(t, BYTES("\\n"));
        else if (c < ' ' || c > '~')
            text_put_char(t, '?');
        else if (c == '"' || c == '\\')
            text_put_format(t, "\\%c", c);
        else
            text_put_char(t, c);
    }
}

static void put_label(struct text *t, char before, const char *name, struct bytes value)
{
    text_put_char(t, before);
    text_put(t, bytes_of(name));
    text_put(t, BYTES("=\""));
    put_value(t, value);
    text_put_char(t, '"');
}

/* {a="x",b="y"}; le: the last one, of a histogram's bucket, or absent */
static void put_labels(struct text *t, const struct metric_family *family, const struct bytes *values, struct bytes le)
{
    char before = '{';
    for (size_t i = 0; i < family->label_count; i++, before = ',')
        put_label(t, before, metric_labels[family->labels[i]].name, values[i]);
    if (bytes_present(le)) put_label(t, before, "le", le);
    if (family->label_count > 0 || bytes_present(le)) text_put_char(t, '}');
}

void metrics_put(struct text *t, enum metric metric, const struct bytes *values, double value)
{
    const struct metric_family *family = &metric_families[metric];
    assert(metric_row_width(family) == 0);
    text_put(t, bytes_of(family->name));
    put_labels(t, family, values, BYTES_ABSENT);
    text_put_format(t, " %.15g\n", value);
}

/* ---- rows ---- */

/* a row that is being written */
struct written {
    struct text *t;
    enum metric metric;
    const struct metric_family *family;
    size_t row;
    struct bytes values[METRIC_LABELS_MAX];
};

static void find_values(struct written *w)
{
    size_t rest = w->row;
    for (size_t i = w->family->label_count; i-- > 0;) {
        enum metric_label label = w->family->labels[i];
        size_t value_count = metric_labels[label].value_count;
        w->values[i] = bytes_of(metric_word(label, rest % value_count));
        rest /= value_count;
    }
}

/* le: of a bucket, or absent */
static void put_line(const struct written *w, const char *suffix, struct bytes le, struct number number)
{
    text_put(w->t, bytes_of(w->family->name));
    text_put(w->t, bytes_of(suffix));
    put_labels(w->t, w->family, w->values, le);
    text_put_char(w->t, ' ');
    text_put(w->t, bytes_of_number(&number));
    text_put_char(w->t, '\n');
}

static void put_histogram(const struct written *w)
{
    struct metric_buckets buckets = metric_buckets_of(w->family);
    uint64_t count = 0;
    for (size_t i = 0; i < buckets.count; i++) {
        struct number le = write_amount(w->family, (uint64_t)buckets.most[i]);
        count += metric_sum(w->metric, w->row, i);
        put_line(w, "_bucket", bytes_of_number(&le), write_count(count));
    }
    count += metric_sum(w->metric, w->row, buckets.count);
    put_line(w, "_bucket", BYTES("+Inf"), write_count(count));
    put_line(w, "_sum", BYTES_ABSENT, write_amount(w->family, metric_sum(w->metric, w->row, buckets.count + 1)));
    put_line(w, "_count", BYTES_ABSENT, write_count(count));
}

/* relaxed counts may show the down before its up */
static void put_level(const struct written *w)
{
    int64_t level = (int64_t)metric_sum(w->metric, w->row, 0);
    put_line(w, "", BYTES_ABSENT, write_count(level > 0 ? (uint64_t)level : 0));
}

static bool has_counted(const struct written *w)
{
    for (size_t i = 0; i < metric_row_width(w->family); i++)
        if (metric_sum(w->metric, w->row, i) != 0) return true;
    return false;
}

static bool is_sparse(const struct metric_family *family)
{
    for (size_t i = 0; i < family->label_count; i++)
        if (metric_labels[family->labels[i]].words == NULL) return true;
    return metric_buckets_of(family).count > 0;
}

static void put_row(struct written *w)
{
    if (is_sparse(w->family) && !has_counted(w)) return;
    find_values(w);
    if (metric_buckets_of(w->family).count > 0)
        put_histogram(w);
    else if (w->family->kind == METRIC_KIND_LEVEL)
        put_level(w);
    else
        put_line(w, "", BYTES_ABSENT, write_count(metric_sum(w->metric, w->row, 0)));
}

void metrics_write(struct text *t)
{
    metrics_lock();
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        struct written w = {.t = t, .metric = (enum metric)i, .family = &metric_families[i]};
        if (metric_row_width(w.family) == 0) continue;
        metrics_begin(t, w.metric);
        size_t row_count = metric_row_count(w.family);
        for (w.row = 0; w.row < row_count; w.row++) put_row(&w);
    }
    metrics_unlock();
}

/* ---- for people ---- */

enum { DESCRIBED_ARENA_MAX = 64 * 1024 }; /* of one family */

static void describe_label(struct text *t, enum metric_label label, const char *quote)
{
    const struct metric_label_row *row = &metric_labels[label];
    text_put_format(t, "%s%s%s:", quote, row->name, quote);
    if (row->words == NULL) text_put_format(t, " %s", row->told);
    for (size_t i = 0; row->words != NULL && i < row->value_count; i++)
        text_put_format(t, " %s%s%s", quote, row->words[i], quote);
}

static void describe_labels(struct text *t, const struct metric_family *family, const char *quote)
{
    for (size_t i = 0; i < family->label_count; i++) {
        if (i > 0) text_put(t, BYTES("; "));
        describe_label(t, family->labels[i], quote);
    }
}

static void describe_family(struct text *t, const struct metric_family *family)
{
    text_put_format(t, "%s (%s", family->name, type_of(family));
    if (family->label_count > 0) text_put(t, BYTES("; "));
    describe_labels(t, family, "");
    text_put_format(t, ")  %s", family->help);
}

static void describe_in_markdown(struct text *t, const struct metric_family *family)
{
    text_put_format(t, "| `%s` | %s | ", family->name, type_of(family));
    describe_labels(t, family, "`");
    text_put_format(t, " | %s |", family->help);
}

void metrics_describe(void (*line)(const char *text), bool as_markdown)
{
    struct arena arena;
    arena_init(&arena, DESCRIBED_ARENA_MAX);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        struct text t;
        text_init(&t, &arena, 1024);
        if (as_markdown)
            describe_in_markdown(&t, &metric_families[i]);
        else
            describe_family(&t, &metric_families[i]);
        line(text_bytes(&t).at);
        arena_release(&arena);
    }
}
