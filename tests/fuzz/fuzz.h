/* fuzz: what each fuzz target offers. It must not fail whatever the bytes are; what it promises of the outcome it
 * asserts. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* 0 always */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
