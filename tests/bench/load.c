/* load: closed-loop clients on kept connections; each sends, waits for the whole answer, and sends again.
 *
 *     load --port P --clients N --seconds S --request FILE [--threads N] [--requests N] [--expect STATUS] [--next NAME]
 * < words
 *
 * FILE is the request to the byte; {} in it stands for a word. Words are read from standard input, one a line, and
 * dealt out to the clients in turn; each client uses its own one after the other, over and over. With --next the member
 * NAME of each answer's JSON, as long as the word, takes the word's place: so a refresh token is rotated. It ends after
 * S seconds, or --requests of them, and prints JSON: requests, good (--expect, 200, and with a successor), failed,
 * unanswered (10 s after the end), repeated (words that were there before), seconds, per_s, p50_ms, p99_ms, max_ms, and
 * cpu_us, its own time for a request. The exit status is 0 when all were good. */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "bench/load_client.h"

enum { CLIENTS_MAX = 16384, THREADS_MAX = 16, REQUEST_MAX = 65536, EVENTS_MAX = 256, LAST_ANSWER_US = 10 * 1000000 };

struct options {
    struct plan plan;
    size_t client_count, thread_count;
    uint64_t requests_max; /* 0: any number */
    double seconds;
};

struct crew { /* the clients of one thread */
    pthread_t thread;
    const struct options *options;
    struct record record;
    struct client *clients;
    size_t client_count;
    uint64_t unanswered;
    int64_t end_us;
};

static char request[REQUEST_MAX + 1];
static struct client clients[CLIENTS_MAX];
static struct crew crews[THREADS_MAX];
static _Atomic uint64_t sent;

static void give_up(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(2);
}

/* ---- what is to be done ---- */

static void read_request(const char *path, struct plan *plan)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) give_up("the request can't be read");
    size_t len = fread(request, 1, REQUEST_MAX, file);
    fclose(file);
    char *hole = strstr(request, "{}");
    plan->before = (struct iovec){request, hole == NULL ? len : (size_t)(hole - request)};
    plan->has_word = hole != NULL;
    if (plan->has_word) plan->after = (struct iovec){hole + 2, len - (size_t)(hole + 2 - request)};
}

static void read_option(int option, struct options *options)
{
    switch (option) {
    case 'p': options->plan.port = (uint16_t)strtoul(optarg, NULL, 10); return;
    case 'c': options->client_count = strtoul(optarg, NULL, 10); return;
    case 's': options->seconds = strtod(optarg, NULL); return;
    case 'r': read_request(optarg, &options->plan); return;
    case 't': options->thread_count = strtoul(optarg, NULL, 10); return;
    case 'm': options->requests_max = strtoull(optarg, NULL, 10); return;
    case 'e': options->plan.status = (int)strtol(optarg, NULL, 10); return;
    case 'n': snprintf(options->plan.next, sizeof options->plan.next, "\"%s\":\"", optarg); return;
    default: give_up("see the head of tests/bench/load.c");
    }
}

static void read_options(int argc, char **argv, struct options *options)
{
    static const struct option NAMES[] = {
        {"port", 1, NULL, 'p'},    {"clients", 1, NULL, 'c'}, {"seconds", 1, NULL, 's'},
        {"request", 1, NULL, 'r'}, {"threads", 1, NULL, 't'}, {"requests", 1, NULL, 'm'},
        {"expect", 1, NULL, 'e'},  {"next", 1, NULL, 'n'},    {0}};
    int option;
    *options = (struct options){.plan.status = 200, .thread_count = 1};
    while ((option = getopt_long(argc, argv, "", NAMES, NULL)) != -1) read_option(option, options);
    if (options->plan.port == 0 || options->plan.before.iov_len == 0) give_up("--port and --request are needed");
    if (options->client_count < 1 || options->client_count > CLIENTS_MAX)
        give_up("--clients is a number from 1 to 16384");
    if (options->thread_count < 1 || options->thread_count > THREADS_MAX) give_up("--threads is a number from 1 to 16");
    if (options->thread_count > options->client_count) options->thread_count = options->client_count;
}

static void give_word(struct client *client, const char *word)
{
    client->words = realloc(client->words, (client->word_count + 1) * sizeof *client->words);
    if (client->words == NULL) give_up("no memory");
    memcpy(client->words[client->word_count++], word, strlen(word) + 1);
    record_word(client->record, word, strlen(word));
}

static void deal_words(size_t client_count)
{
    char word[WORD_MAX + 1];
    for (size_t i = 0; scanf("%255s", word) == 1; i++) give_word(&clients[i % client_count], word);
    if (clients[client_count - 1].word_count == 0) give_up("fewer words than clients");
}

static void prepare(const struct options *options)
{
    size_t threads = options->thread_count, count = options->client_count, from = 0;
    for (size_t t = 0; t < threads; t++) {
        struct crew *crew = &crews[t];
        *crew = (struct crew){
            .options = options, .clients = &clients[from], .client_count = (count - from) / (threads - t)};
        for (size_t i = 0; i < crew->client_count; i++)
            crew->clients[i] = (struct client){.plan = &options->plan, .record = &crew->record};
        from += crew->client_count;
    }
    if (options->plan.has_word) deal_words(count);
    for (size_t i = 0; i < count; i++) client_connect(&clients[i]);
}

/* ---- doing it ---- */

static bool may_send(const struct crew *crew)
{
    if (now_us() >= crew->end_us) return false;
    if (crew->options->requests_max == 0) return true;
    return atomic_fetch_add(&sent, 1) < crew->options->requests_max;
}

static size_t start_clients(struct crew *crew, int epoll)
{
    size_t under_way = 0;
    for (size_t i = 0; i < crew->client_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &crew->clients[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, crew->clients[i].fd, &event) != 0) give_up(strerror(errno));
        if (!may_send(crew)) continue;
        client_send(&crew->clients[i]);
        under_way++;
    }
    return under_way;
}

static void *run_crew(void *data)
{
    struct crew *crew = data;
    struct epoll_event events[EVENTS_MAX];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    size_t under_way = start_clients(crew, epoll);
    while (under_way > 0 && now_us() < crew->end_us + LAST_ANSWER_US) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, 1000);
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;
            client_receive(client);
            if (client->waits) continue;
            if (may_send(crew))
                client_send(client);
            else
                under_way--;
        }
    }
    crew->unanswered = under_way;
    return NULL;
}

static void run(const struct options *options)
{
    int64_t end_us = now_us() + (int64_t)(options->seconds * 1e6);
    for (size_t t = 0; t < options->thread_count; t++) {
        crews[t].end_us = end_us;
        if (pthread_create(&crews[t].thread, NULL, run_crew, &crews[t]) != 0) give_up("no thread");
    }
    for (size_t t = 0; t < options->thread_count; t++) pthread_join(crews[t].thread, NULL);
}

/* ---- what came of it ---- */

static int64_t own_cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static bool report(const struct options *options, double seconds, int64_t cpu_us)
{
    struct record *all = &crews[0].record;
    uint64_t unanswered = crews[0].unanswered;
    for (size_t t = 1; t < options->thread_count; t++) {
        record_add(all, &crews[t].record);
        unanswered += crews[t].unanswered;
    }
    record_sort(all);
    uint64_t requests = all->good + all->failed, repeated = options->plan.next[0] == 0 ? 0 : record_repeated(all);
    printf("{\"requests\":%ju,\"good\":%ju,\"failed\":%ju,\"unanswered\":%ju,\"repeated\":%ju,", (uintmax_t)requests,
           (uintmax_t)all->good, (uintmax_t)all->failed, (uintmax_t)unanswered, (uintmax_t)repeated);
    printf("\"seconds\":%.3f,\"per_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"cpu_us\":%.2f}\n",
           seconds, (double)requests / seconds, record_quantile_ms(all, 0.5), record_quantile_ms(all, 0.99),
           record_quantile_ms(all, 1), requests == 0 ? 0 : (double)cpu_us / (double)requests);
    return all->failed == 0 && unanswered == 0 && requests > 0;
}

static void release(const struct options *options)
{
    for (size_t i = 0; i < options->client_count; i++) {
        free(clients[i].words);
        free(clients[i].answer);
    }
    record_release(&crews[0].record);
}

int main(int argc, char **argv)
{
    struct options options;
    read_options(argc, argv, &options);
    prepare(&options);
    int64_t began_us = now_us(), cpu_us = own_cpu_us();
    run(&options);
    bool good = report(&options, (double)(now_us() - began_us) / 1e6, own_cpu_us() - cpu_us);
    release(&options);
    return good ? 0 : 1;
}
