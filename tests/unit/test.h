/* test: the few words that a unit test needs.
 *     TEST("a token of another client is refused") { CHECK(!open_token(...)); }
 * in main, between TEST_BEGIN and TEST_END. A failed CHECK names the sentence, file and line, and the program ends with 1. */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *test_sentence;
static int test_count, test_failed;

#define TEST(sentence) if (test_sentence = (sentence), test_count++, 1)
#define CHECK(what)                                                                                          \
    do {                                                                                                     \
        if (!(what)) {                                                                                       \
            fprintf(stderr, "%s:%d: not so: %s\n  %s\n", __FILE__, __LINE__, test_sentence, #what);          \
            test_failed++;                                                                                   \
        }                                                                                                    \
    } while (0)
#define CHECK_BYTES(got, want)                                                                               \
    do {                                                                                                     \
        struct bytes got_ = (got), want_ = (want);                                                           \
        if (got_.len != want_.len || (got_.len > 0 && memcmp(got_.at, want_.at, got_.len) != 0)) {           \
            fprintf(stderr, "%s:%d: not so: %s\n  got  %.*s\n  want %.*s\n", __FILE__, __LINE__,             \
                test_sentence, (int)got_.len, got_.at == NULL ? "" : got_.at, (int)want_.len,                \
                want_.at == NULL ? "" : want_.at);                                                           \
            test_failed++;                                                                                   \
        }                                                                                                    \
    } while (0)
#define TEST_END()                                                                                           \
    (printf("%d sentences, %d failed\n", test_count, test_failed), test_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS)

#endif
