/* metrics_text: writes the metrics in Prometheus' text format (0.0.4), and tells people what there is.
 * Rule: metrics_write has all that is counted; what is read instead (READING, READING_TOTAL) the caller writes: for
 * each such family metrics_begin once, then a metrics_put for each of its rows. */
#ifndef BASE_METRICS_TEXT_H
#define BASE_METRICS_TEXT_H

#include "base/metrics.h"
#include "base/text.h"

#define METRICS_CONTENT_TYPE BYTES("text/plain; version=0.0.4; charset=utf-8")

/* Each family that is counted, with its HELP and TYPE. Of a family with a named label, and of histograms, only the rows
 * in which something was counted; of the others all, so that a rate has its zero to begin with. */
void metrics_write(struct text *t);

void metrics_begin(struct text *t, enum metric metric); /* HELP and TYPE */
/* values: of the family's labels, in its order; may be NULL where it has none */
void metrics_put(struct text *t, enum metric metric, const struct bytes *values, double value);

/* every family as a row of docs/metrics.md's tables, or as a line */
void metrics_describe(void (*line)(const char *text), bool as_markdown);

#endif
