#include <pthread.h>
#include <unistd.h>

#include "net/loop.h"
#include "unit/test.h"

/* ---- timers that write down their names ---- */

struct named_timer {
    struct timer timer;
    char name;
    int again_count;
};

static struct loop *loop;
static char heard[64];

static void hear(char name)
{
    size_t len = strlen(heard);
    if (len + 1 < sizeof heard) heard[len] = name;
}

static void on_named(struct timer *timer)
{
    struct named_timer *named = (struct named_timer *)timer;
    hear(named->name);
    if (named->again_count-- > 0) timer_start(loop, timer, 0);
}

static struct named_timer named_timer(char name) { return (struct named_timer){.timer.run = on_named, .name = name}; }

static void run_for(int64_t ms)
{
    int64_t until = loop_now_ms(loop) + ms;
    for (int64_t left; (left = until - loop_now_ms(loop)) > 0;) loop_run(loop, (int32_t)left);
}

static void test_timers(void)
{
    struct named_timer a = named_timer('a'), b = named_timer('b'), c = named_timer('c');
    TEST("timers run in the order in which they are due, whatever the order of their starts")
    {
        memset(heard, 0, sizeof heard);
        timer_start(loop, &c.timer, 30);
        timer_start(loop, &a.timer, 10);
        timer_start(loop, &b.timer, 20);
        run_for(50);
        CHECK(strcmp(heard, "abc") == 0);
        CHECK(a.timer.place == 0);
    }
    TEST("a timer that is started again is moved, not doubled")
    {
        memset(heard, 0, sizeof heard);
        timer_start(loop, &a.timer, 5);
        timer_start(loop, &b.timer, 15);
        timer_start(loop, &a.timer, 25);
        run_for(50);
        CHECK(strcmp(heard, "ba") == 0);
    }
    TEST("a stopped timer does not run, and may be stopped twice")
    {
        memset(heard, 0, sizeof heard);
        timer_start(loop, &a.timer, 5);
        timer_start(loop, &b.timer, 10);
        timer_stop(loop, &a.timer);
        timer_stop(loop, &a.timer);
        run_for(30);
        CHECK(strcmp(heard, "b") == 0);
    }
    TEST("a timer never runs inside the call that starts it, and one that starts itself again lets a turn end")
    {
        memset(heard, 0, sizeof heard);
        a.again_count = 3;
        timer_start(loop, &a.timer, 0);
        CHECK(strcmp(heard, "") == 0);
        loop_run(loop, 0);
        CHECK(strlen(heard) <= 1);
        run_for(30);
        CHECK(strcmp(heard, "aaaa") == 0);
    }
    TEST("the loop waits no longer than asked, and no longer than until the next timer")
    {
        int64_t begin_ms = loop_now_ms(loop);
        loop_run(loop, 20);
        CHECK(loop_now_ms(loop) - begin_ms >= 19 && loop_now_ms(loop) - begin_ms < 200);
        begin_ms = loop_now_ms(loop);
        timer_start(loop, &a.timer, 20);
        for (memset(heard, 0, sizeof heard); heard[0] == 0;) loop_run(loop, 10 * 1000);
        CHECK(loop_now_ms(loop) - begin_ms >= 20 && loop_now_ms(loop) - begin_ms < 200);
    }
}

/* ---- many timers, some stopped: still in order ---- */

enum { MANY_COUNT = 2000 };
static struct many_timer {
    struct timer timer;
    bool ran, stopped;
} many[MANY_COUNT];
static int64_t last_due_ms;
static int out_of_order_count, ran_count;

static void on_many(struct timer *timer)
{
    struct many_timer *one = (struct many_timer *)timer;
    if (timer->due_ms < last_due_ms || one->ran || one->stopped) out_of_order_count++;
    last_due_ms = timer->due_ms;
    one->ran = true;
    ran_count++;
}

static void test_many_timers(void)
{
    TEST("two thousand timers keep their order while every third is stopped and every fifth moved")
    {
        for (unsigned i = 0; i < MANY_COUNT; i++) {
            many[i].timer.run = on_many;
            timer_start(loop, &many[i].timer, (i * 7919) % 60);
        }
        for (unsigned i = 0; i < MANY_COUNT; i += 3) {
            timer_stop(loop, &many[i].timer);
            many[i].stopped = true;
        }
        for (unsigned i = 1; i < MANY_COUNT; i += 5)
            if (!many[i].stopped) timer_start(loop, &many[i].timer, (i * 31) % 60);
        run_for(100);
        CHECK(out_of_order_count == 0);
        CHECK(ran_count == MANY_COUNT - (MANY_COUNT + 2) / 3);
    }
}

/* ---- posts ---- */

enum { POSTER_COUNT = 4, POSTS_EACH = 5000 };
struct numbered_post {
    struct post post;
    int poster, number;
};
static int next_number[POSTER_COUNT], post_count, wrong_thread_count;
static pthread_t loop_thread;

static void on_post(struct post *post)
{
    struct numbered_post *numbered = (struct numbered_post *)post;
    if (!pthread_equal(pthread_self(), loop_thread)) wrong_thread_count++;
    if (next_number[numbered->poster] == numbered->number) next_number[numbered->poster]++;
    post_count++;
    free(numbered);
}

static void *poster_main(void *data)
{
    int poster = *(int *)data;
    for (int i = 0; i < POSTS_EACH; i++) {
        struct numbered_post *post = malloc(sizeof *post);
        if (post == NULL) abort();
        *post = (struct numbered_post){.post.run = on_post, .poster = poster, .number = i};
        loop_post(loop, &post->post);
    }
    return NULL;
}

static void test_posts(void)
{
    TEST("posts of four threads all run on the loop's thread, each thread's in its order")
    {
        pthread_t threads[POSTER_COUNT];
        int posters[POSTER_COUNT];
        loop_thread = pthread_self();
        for (int i = 0; i < POSTER_COUNT; i++) {
            posters[i] = i;
            CHECK(pthread_create(&threads[i], NULL, poster_main, &posters[i]) == 0);
        }
        for (int64_t until = loop_now_ms(loop) + 20000;
             post_count < POSTER_COUNT * POSTS_EACH && loop_now_ms(loop) < until;)
            loop_run(loop, 1000);
        for (int i = 0; i < POSTER_COUNT; i++) pthread_join(threads[i], NULL);
        CHECK(post_count == POSTER_COUNT * POSTS_EACH);
        CHECK(wrong_thread_count == 0);
        for (int i = 0; i < POSTER_COUNT; i++) CHECK(next_number[i] == POSTS_EACH);
    }
    TEST("a post wakes a loop that waits")
    {
        static struct numbered_post *post;
        post = malloc(sizeof *post);
        if (post == NULL) abort();
        *post = (struct numbered_post){.post.run = on_post};
        int before = post_count;
        loop_post(loop, &post->post);
        CHECK(post_count == before);
        int64_t begin_ms = loop_now_ms(loop);
        loop_run(loop, 5000);
        CHECK(post_count == before + 1 && loop_now_ms(loop) - begin_ms < 1000);
    }
}

/* ---- watches ---- */

static struct watch *watch;
static int watched_fd, ready_count;
static bool ends_itself;

static void on_ready(void *data)
{
    (void)data;
    char byte;
    ready_count++;
    while (read(watched_fd, &byte, 1) == 1) hear(byte);
    if (ends_itself) watch_destroy(watch);
}

static void test_watches(void)
{
    int ends[2];
    if (pipe(ends) != 0) abort();
    watched_fd = ends[0];
    memset(heard, 0, sizeof heard);
    watch = watch_create(loop, ends[0], on_ready, NULL);
    TEST("a watch tells that a pipe is readable, again whenever there is more, and not before")
    {
        loop_run(loop, 10);
        CHECK(ready_count == 0);
        CHECK(write(ends[1], "x", 1) == 1);
        loop_run(loop, 1000);
        CHECK(write(ends[1], "yz", 2) == 2);
        loop_run(loop, 1000);
        CHECK(ready_count == 2 && strcmp(heard, "xyz") == 0);
    }
    TEST("a watch may be destroyed inside its own call; the descriptor it was made of stays open")
    {
        ends_itself = true;
        CHECK(write(ends[1], "!", 1) == 1);
        loop_run(loop, 1000);
        CHECK(strcmp(heard, "xyz!") == 0);
        CHECK(write(ends[1], "?", 1) == 1);
        loop_run(loop, 10);
        CHECK(strcmp(heard, "xyz!") == 0);
        char byte;
        CHECK(read(ends[0], &byte, 1) == 1 && byte == '?');
    }
    TEST("want_write calls once when there is room, even when it was asked for twice")
    {
        ends_itself = false;
        ready_count = 0;
        watched_fd = ends[0];
        watch = watch_create(loop, ends[1], on_ready, NULL);
        watch_want_write(watch);
        watch_want_write(watch);
        loop_run(loop, 1000);
        loop_run(loop, 10);
        CHECK(ready_count == 1);
        watch_destroy(watch);
        watch_destroy(NULL);
    }
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    loop = loop_create();
    test_timers();
    test_many_timers();
    test_posts();
    test_watches();
    loop_destroy(loop);
    return TEST_END();
}
