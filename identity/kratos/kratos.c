#include "identity/kratos/kratos.h"

#include <stdlib.h>

#include "identity/kratos/question.h"

struct identity *kratos_create(struct loop *loop, const struct identity_settings *settings, struct fault *fault)
{
    struct identity *identity = calloc(1, sizeof *identity);
    if (identity == NULL) abort();
    identity->loop = loop;
    identity->settings = settings;
    int64_t timeout_ms = settings->timeout_ms;
    identity->public = upstream_create(loop, settings->public_url, timeout_ms, settings->ca_file, fault);
    if (identity->public != NULL)
        identity->admin = upstream_create(loop, settings->admin_url, timeout_ms, settings->ca_file, fault);
    if (identity->admin == NULL) {
        kratos_destroy(identity);
        return NULL;
    }
    ready_init(&identity->ready, loop, identity->admin);
    return identity;
}

void kratos_destroy(struct identity *identity)
{
    if (identity == NULL) return;
    for (size_t i = 0; i < QUESTION_ROWS; i++)
        while (identity->questions[i] != NULL) question_drop(identity->questions[i]);
    ready_release(&identity->ready);
    if (identity->admin != NULL) upstream_destroy(identity->admin);
    if (identity->public != NULL) upstream_destroy(identity->public);
    free(identity);
}

void identity_start_anew(struct identity *identity)
{
    for (size_t i = 0; i < QUESTION_ROWS; i++)
        for (struct question *question = identity->questions[i]; question != NULL; question = question->next)
            question->outdated = true;
}
