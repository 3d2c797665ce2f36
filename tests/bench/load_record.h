/* load_record: what the clients of one thread have seen: how long each answer took, and a mark of each word that was
 * handed out. Owned by its thread until that has ended; then record_add joins it to another. */
#ifndef BENCH_LOAD_RECORD_H
#define BENCH_LOAD_RECORD_H

#include <stddef.h>
#include <stdint.h>

struct record {
    uint32_t *took_us;
    size_t took_count, took_room;
    uint64_t *marks; /* 64 bits of each word: presented first, or got as a successor */
    size_t mark_count, mark_room;
    uint64_t good, failed; /* answers with the expected status; others */
};

void record_took(struct record *record, uint32_t us);
void record_word(struct record *record, const char *word, size_t len);
void record_add(struct record *record, struct record *other); /* other is empty afterwards */
void record_sort(struct record *record);                      /* before the two below */
uint64_t record_repeated(const struct record *record);        /* words that were there before */
double record_quantile_ms(const struct record *record, double q);
void record_release(struct record *record);

#endif
