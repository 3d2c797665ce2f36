#include "storage/postgres/job.h"

#include <stdint.h>
#include <stdlib.h>

void job_list_init(struct job_list *list) { *list = (struct job_list){NULL, &list->first, 0}; }

void job_list_push(struct job_list *list, struct job *job)
{
    job->next = NULL;
    *list->last = job;
    list->last = &job->next;
    list->count++;
}

struct job *job_list_take(struct job_list *list)
{
    struct job *job = list->first;
    if (job == NULL) return NULL;
    list->first = job->next;
    if (list->first == NULL) list->last = &list->first;
    job->next = NULL;
    list->count--;
    return job;
}

struct job *job_create(struct storage_call *call, const struct stage *stage)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) abort();
    *job = (struct job){.stage = stage, .calls = call, .deadline_ms = call->deadline_ms, .crowd = SIZE_MAX};
    call->next = NULL;
    return job;
}

void job_finish(struct job *job)
{
    struct storage_call *lead = job->calls;
    for (struct storage_call *next, *call = lead->next; call != NULL; call = next) {
        next = call->next;
        call->result = lead->result; /* its bytes are the lead's, which therefore ends last */
        storage_call_done(call);
    }
    storage_call_done(lead);
    free(job);
}

void job_fail(struct job *job, const struct fault *fault)
{
    for (struct storage_call *next, *call = job->calls; call != NULL; call = next) {
        next = call->next;
        storage_call_fail(call, fault);
    }
    free(job);
}

void job_drop(struct job *job)
{
    for (struct storage_call *next, *call = job->calls; call != NULL; call = next) {
        next = call->next;
        storage_call_drop(call);
    }
    free(job);
}

void job_join(struct job *a, struct job *b)
{
    struct storage_call **last = &a->calls;
    while (*last != NULL) last = &(*last)->next;
    *last = b->calls;
    if (b->deadline_ms > a->deadline_ms) a->deadline_ms = b->deadline_ms;
    free(b);
}

bool job_has_row(const struct job *job) { return job->answer.number < PQntuples(job->answer.result); }
