/* A time that was read can be written, and reads as the same moment. */
#include <assert.h>

#include "base/clock.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {(const char *)data, size};
    int64_t ms, again;
    char text[25];
    if (clock_parse(in, &ms)) {
        clock_write(ms, text);
        assert(clock_parse(bytes_of(text), &again) && again == ms);
    }
    if (clock_parse_duration(in, &ms)) assert(ms >= 0);
    return 0;
}
