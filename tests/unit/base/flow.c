#include "base/flow.h"

#include "unit/test.h"

/* A piece of work that writes down what happens to it. */
struct work {
    struct flow flow;
    char trace[64];
    struct operation *operation; /* what the step asks for */
};

enum when { LATER, AT_ONCE, FAIL_AT_ONCE, ABORT_AT_ONCE };

/* An operation that ends when the test says so, or at once. */
struct operation {
    struct wait wait;
    struct work *for_work;
    enum when when;
    int cancel_count;
};

static const struct fault away = {FAULT_AWAY, "storage: rotate", "no answer"};

static struct work *work_of(struct flow *f) { return (struct work *)(void *)f; }

static void note(struct flow *f, char c) { work_of(f)->trace[strlen(work_of(f)->trace)] = c; }

static void cancel(struct wait *wait) { ((struct operation *)(void *)wait)->cancel_count++; }

static void ask_operation(struct work *w)
{
    struct operation *o = w->operation;
    o->wait = (struct wait){"storage: rotate", cancel};
    w->flow.waiting = &o->wait;
    if (o->when == AT_ONCE) flow_wake(&w->flow);
    if (o->when == FAIL_AT_ONCE) flow_fail(&w->flow, &away);
    if (o->when == ABORT_AT_ONCE) flow_abort(&w->flow, FAULT_LEFT, "net", "the client left");
}

static enum step_result step_a(struct flow *f)
{
    note(f, 'a');
    return STEP_NEXT;
}

static enum step_result step_ask(struct flow *f)
{
    note(f, '?');
    ask_operation(work_of(f));
    return STEP_WAIT;
}

static enum step_result step_z(struct flow *f)
{
    note(f, 'z');
    return STEP_NEXT;
}

static enum step_result step_end(struct flow *f)
{
    note(f, 'e');
    return STEP_END;
}

static enum step_result step_fault(struct flow *f)
{
    fault_set(&f->fault, FAULT_BUG, "step", "words");
    return STEP_NEXT;
}

static enum step_result step_fault_after_ask(struct flow *f)
{
    ask_operation(work_of(f));
    fault_set(&f->fault, FAULT_FULL, "step", "words");
    return STEP_WAIT;
}

static enum step_result step_ask_after_abort(struct flow *f)
{
    flow_abort(f, FAULT_LATE, "deadline", "too late");
    ask_operation(work_of(f));
    return STEP_WAIT;
}

static void note_wait(struct flow *f, const char *on, int64_t us)
{
    note(f, strcmp(on, "storage: rotate") == 0 && us >= 0 && us < 1000000 ? 'w' : '!');
}

static const struct step entered_steps[] = {{"ask", step_ask}, {"end", step_end}, {NULL, NULL}};

static enum step_result step_enter(struct flow *f)
{
    note(f, '>');
    flow_enter(f, entered_steps);
    return STEP_NEXT;
}

static enum step_result step_enter_with_fault(struct flow *f)
{
    flow_enter(f, entered_steps);
    fault_set(&f->fault, FAULT_BUG, "step", "words");
    return STEP_NEXT;
}

static void finish(struct flow *f) { note(f, '.'); }

static void finish_and_abort(struct flow *f)
{
    note(f, '.');
    flow_abort(f, FAULT_LEFT, "net", "the answer found nobody");
}

static void finish_and_free(struct flow *f)
{
    flow_release(f);
    free(work_of(f));
}

static const struct step waiting_steps[] = {{"a", step_a}, {"ask", step_ask}, {"z", step_z}, {NULL, NULL}};
static const struct step twice_steps[] = {{"ask", step_ask}, {"again", step_ask}, {"z", step_z}, {NULL, NULL}};

static struct operation operation;

static struct work start(const struct step *steps, enum when when)
{
    struct work w = {.operation = &operation};
    operation = (struct operation){.when = when};
    flow_init(&w.flow, steps, finish);
    return w;
}

static bool traced(const struct work *w, const char *want) { return strcmp(w->trace, want) == 0; }

int main(void)
{
    struct work w;
    char words[80];

    TEST("steps run in the table's order, then finish")
    {
        static const struct step steps[] = {{"a", step_a}, {"z", step_z}, {NULL, NULL}};
        w = start(steps, LATER);
        flow_drive(&w.flow);
        CHECK(traced(&w, "az.") && w.flow.finished && w.flow.fault.kind == FAULT_NONE);
    }
    TEST("a step may end the flow before the table does")
    {
        static const struct step steps[] = {{"end", step_end}, {"z", step_z}, {NULL, NULL}};
        w = start(steps, LATER);
        flow_drive(&w.flow);
        CHECK(traced(&w, "e."));
    }
    TEST("a step that waits is not run again; the next one runs when the flow is woken")
    {
        w = start(waiting_steps, LATER);
        flow_drive(&w.flow);
        CHECK(traced(&w, "a?") && w.flow.waiting == &operation.wait && !w.flow.finished);
        flow_wake(&w.flow);
        CHECK(traced(&w, "a?z.") && w.flow.waiting == NULL && operation.cancel_count == 0);
    }
    TEST("an operation that ends within the step that asked goes on at once")
    {
        w = start(waiting_steps, AT_ONCE);
        flow_drive(&w.flow);
        CHECK(traced(&w, "a?z."));
        w = start(twice_steps, AT_ONCE);
        flow_drive(&w.flow);
        CHECK(traced(&w, "??z."));
    }
    TEST("a wake from inside one step does not wake the next")
    {
        w = start(twice_steps, AT_ONCE);
        w.operation->when = LATER;
        flow_drive(&w.flow);
        operation.when = AT_ONCE;
        flow_wake(&w.flow);
        CHECK(traced(&w, "??z."));
        w = start(twice_steps, LATER);
        flow_drive(&w.flow);
        flow_wake(&w.flow);
        CHECK(traced(&w, "??") && w.flow.waiting != NULL);
        flow_release(&w.flow);
    }
    TEST("a failed operation skips to finish, within the step or later")
    {
        w = start(waiting_steps, LATER);
        flow_drive(&w.flow);
        flow_fail(&w.flow, &away);
        CHECK(traced(&w, "a?.") && w.flow.fault.kind == FAULT_AWAY && operation.cancel_count == 0);
        w = start(waiting_steps, FAIL_AT_ONCE);
        flow_drive(&w.flow);
        CHECK(traced(&w, "a?.") && strcmp(w.flow.fault.what, "no answer") == 0 && operation.cancel_count == 0);
    }
    TEST("a fault that a step sets skips to finish, and what it asked for is cancelled")
    {
        static const struct step steps[] = {{"fault", step_fault}, {"z", step_z}, {NULL, NULL}};
        static const struct step asking[] = {{"fault", step_fault_after_ask}, {"z", step_z}, {NULL, NULL}};
        w = start(steps, LATER);
        flow_drive(&w.flow);
        CHECK(traced(&w, ".") && w.flow.fault.kind == FAULT_BUG);
        w = start(asking, LATER);
        flow_drive(&w.flow);
        CHECK(traced(&w, ".") && w.flow.fault.kind == FAULT_FULL && operation.cancel_count == 1);
    }
    TEST("a step may hand over to another table, whose end is the flow's end")
    {
        static const struct step steps[] = {{"enter", step_enter}, {"z", step_z}, {NULL, NULL}};
        w = start(steps, LATER);
        flow_drive(&w.flow);
        CHECK(traced(&w, ">?") && w.flow.at == &entered_steps[0]);
        flow_wake(&w.flow);
        CHECK(traced(&w, ">?e."));
        static const struct step faulty[] = {{"enter", step_enter_with_fault}, {"z", step_z}, {NULL, NULL}};
        w = start(faulty, LATER);
        flow_drive(&w.flow);
        CHECK(traced(&w, ".") && w.flow.fault.kind == FAULT_BUG);
    }
    TEST("each wait that suspended the flow is told, however it ended; one that ended at once is not")
    {
        w = start(twice_steps, LATER);
        w.flow.waited = note_wait;
        flow_drive(&w.flow);
        flow_wake(&w.flow);
        flow_fail(&w.flow, &away);
        CHECK(traced(&w, "?w?w."));
        w = start(twice_steps, LATER);
        w.flow.waited = note_wait;
        flow_drive(&w.flow);
        flow_abort(&w.flow, FAULT_LATE, "deadline", "too late");
        CHECK(traced(&w, "?w."));
        w = start(twice_steps, AT_ONCE);
        w.flow.waited = note_wait;
        flow_drive(&w.flow);
        CHECK(traced(&w, "??z."));
    }
    TEST("an abort cancels what is awaited and finishes once")
    {
        w = start(waiting_steps, LATER);
        flow_drive(&w.flow);
        flow_abort(&w.flow, FAULT_LATE, "deadline", "after 10 s");
        CHECK(traced(&w, "a?.") && operation.cancel_count == 1 && w.flow.waiting == NULL);
        CHECK(w.flow.fault.kind == FAULT_LATE && strcmp(w.flow.fault.what, "after 10 s") == 0);
        flow_abort(&w.flow, FAULT_LEFT, "net", "again");
        CHECK(traced(&w, "a?.") && w.flow.fault.kind == FAULT_LATE);
    }
    TEST("an abort within a step takes hold when the step returns, before or after it asked")
    {
        static const struct step asking[] = {{"abort", step_ask_after_abort}, {"z", step_z}, {NULL, NULL}};
        w = start(waiting_steps, ABORT_AT_ONCE);
        flow_drive(&w.flow);
        CHECK(traced(&w, "a?.") && operation.cancel_count == 1 && w.flow.fault.kind == FAULT_LEFT);
        w = start(asking, LATER);
        flow_drive(&w.flow);
        CHECK(traced(&w, ".") && operation.cancel_count == 1 && w.flow.fault.kind == FAULT_LATE);
        w = start(asking, FAIL_AT_ONCE);
        flow_drive(&w.flow);
        CHECK(traced(&w, ".") && operation.cancel_count == 0 && w.flow.fault.kind == FAULT_LATE);
    }
    TEST("an abort before the first step, or from finish, is no harm")
    {
        w = start(waiting_steps, LATER);
        flow_abort(&w.flow, FAULT_FULL, "net", "too many");
        CHECK(traced(&w, ".") && w.flow.fault.kind == FAULT_FULL);
        static const struct step steps[] = {{"a", step_a}, {NULL, NULL}};
        w = start(steps, LATER);
        w.flow.finish = finish_and_abort;
        flow_drive(&w.flow);
        CHECK(traced(&w, "a.") && w.flow.fault.kind == FAULT_NONE);
    }
    TEST("a release cancels what is awaited and runs nothing, once finished not even that")
    {
        w = start(waiting_steps, LATER);
        flow_drive(&w.flow);
        flow_release(&w.flow);
        CHECK(traced(&w, "a?") && operation.cancel_count == 1);
        flow_release(&w.flow);
        flow_abort(&w.flow, FAULT_LEFT, "net", "late");
        CHECK(traced(&w, "a?") && operation.cancel_count == 1);
    }
    TEST("finish may free the flow, whoever drove it")
    {
        for (int way = 0; way < 4; way++) {
            struct work *heap = malloc(sizeof *heap);
            *heap = start(waiting_steps, way == 0 ? AT_ONCE : LATER);
            heap->flow.finish = finish_and_free;
            flow_drive(&heap->flow);
            if (way == 1) flow_wake(&heap->flow);
            if (way == 2) flow_fail(&heap->flow, &away);
            if (way == 3) flow_abort(&heap->flow, FAULT_LEFT, "net", "gone");
            CHECK(operation.cancel_count == (way == 3));
        }
    }
    TEST("a flow says where it stands and what it waits for")
    {
        w = start(waiting_steps, LATER);
        flow_describe(&w.flow, words, sizeof words);
        CHECK(strcmp(words, "at step a") == 0);
        flow_drive(&w.flow);
        flow_describe(&w.flow, words, sizeof words);
        CHECK(strcmp(words, "at step ask, waiting for storage: rotate") == 0);
        flow_wake(&w.flow);
        flow_describe(&w.flow, words, sizeof words);
        CHECK(strcmp(words, "finished at step end") == 0);
        flow_describe(&w.flow, words, 9);
        CHECK(strcmp(words, "finished") == 0);
    }
    return TEST_END();
}
