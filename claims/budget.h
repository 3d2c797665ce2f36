/* budget: how much memory a run of jq may take.
 *
 * Rule: jq's own allocator (jv_mem_alloc and its kin) is replaced in the whole process by the one in budget.c. Between
 * budget_begin and budget_end what jq takes on this thread counts, less what it frees. When the budget is spent,
 * spent() is called, once, from within jq's allocation: it may only ask jq to halt. What jq was about to do it still
 * does; it halts at its next instruction, so that nothing leaks and the program can be run again. */
#ifndef CLAIMS_BUDGET_H
#define CLAIMS_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget {
    int64_t left; /* bytes */
    bool is_spent;
    void (*spent)(void *data);
    void *data;
};

void budget_begin(struct budget *budget, int64_t bytes, void (*spent)(void *data), void *data);
bool budget_end(struct budget *budget); /* was it enough? */
/* aborts when the linker left jq its own allocator, which nothing would bound */
void budget_check_in_place(void);

#endif
