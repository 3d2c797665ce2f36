/* refresh_load: closed-loop clients on keep-alive connections, each holding its own refresh token and rotating it at each step.
 *     refresh_load PORT CLIENT_ID CONNECTIONS SECONDS < tokens, one a line
 * prints JSON: requests, failures (not 200), repeated (a successor equal to what was presented), per_s, p50_ms, p99_ms, max_ms.
 * One thread, epoll; its own cost is a few microseconds a request. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TOKEN_LEN = 87, ANSWER_MAX = 16384, REQUEST_MAX = 1024, CONNECTIONS_MAX = 4096, SAMPLES_MAX = 1 << 22 };

struct client {
    int fd;
    char token[TOKEN_LEN + 1];
    char answer[ANSWER_MAX + 1];
    size_t answer_len;
    int64_t sent_us;
};

static struct client clients[CONNECTIONS_MAX];
static uint32_t samples[SAMPLES_MAX]; /* microseconds */
static size_t sample_count;
static uint64_t requests, failures, repeated;
static const char *client_id;
static int port;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void connect_client(struct client *c, int epoll)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&at, sizeof at) != 0) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) die("epoll");
}

static void send_request(struct client *c)
{
    char request[REQUEST_MAX];
    int body = (int)(strlen("grant_type=refresh_token&client_id=&refresh_token=") + strlen(client_id) + TOKEN_LEN);
    int len = snprintf(request, sizeof request,
        "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
        "grant_type=refresh_token&client_id=%s&refresh_token=%s", body, client_id, c->token);
    c->answer_len = 0;
    c->sent_us = now_us();
    if (send(c->fd, request, (size_t)len, MSG_NOSIGNAL) != len) die("send");
}

/* the whole answer is there: its length in bytes; 0: not yet */
static size_t answer_end(struct client *c)
{
    c->answer[c->answer_len] = 0;
    char *head_end = strstr(c->answer, "\r\n\r\n");
    if (head_end == NULL) return 0;
    char *length = strcasestr(c->answer, "\r\ncontent-length:");
    if (length == NULL || length > head_end) {
        fprintf(stderr, "an answer without a length\n");
        exit(1);
    }
    size_t end = (size_t)(head_end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
    return c->answer_len >= end ? end : 0;
}

static void take_answer(struct client *c)
{
    static const char NAME[] = "\"refresh_token\":\"";
    int64_t took_us = now_us() - c->sent_us;
    if (sample_count < SAMPLES_MAX) samples[sample_count++] = (uint32_t)took_us;
    requests++;
    char *token = strstr(c->answer, NAME);
    if (strncmp(c->answer, "HTTP/1.1 200", 12) != 0 || token == NULL) {
        if (failures++ == 0) fprintf(stderr, "%.600s\n", c->answer);
        return;
    }
    token += sizeof NAME - 1;
    if (memcmp(token, c->token, TOKEN_LEN) == 0) repeated++;
    memcpy(c->token, token, TOKEN_LEN);
}

static void read_answer(struct client *c, bool go_on)
{
    ssize_t n = recv(c->fd, c->answer + c->answer_len, ANSWER_MAX - c->answer_len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) die("the server closed the connection");
    c->answer_len += (size_t)n;
    if (answer_end(c) == 0) return;
    take_answer(c);
    if (go_on) send_request(c);
    else c->sent_us = 0;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static double quantile_ms(double q) { return sample_count == 0 ? 0 : samples[(size_t)(q * (double)(sample_count - 1))] / 1000.0; }

static void run(int epoll, int count, double seconds)
{
    struct epoll_event events[256];
    int64_t end_us = now_us() + (int64_t)(seconds * 1e6);
    uint64_t open = (uint64_t)count, before = 0;
    for (int i = 0; i < count; i++) send_request(&clients[i]);
    while (open > 0 && now_us() < end_us + 10 * 1000000) {
        int n = epoll_wait(epoll, events, 256, 1000);
        bool go_on = now_us() < end_us;
        for (int i = 0; i < n; i++) {
            before = requests;
            read_answer(events[i].data.ptr, go_on);
            if (!go_on) open -= requests - before;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) return fprintf(stderr, "usage: refresh_load PORT CLIENT_ID CONNECTIONS SECONDS < tokens\n"), 2;
    int count = (int)strtol(argv[3], NULL, 10), epoll = epoll_create1(EPOLL_CLOEXEC);
    double seconds = strtod(argv[4], NULL);
    port = (int)strtol(argv[1], NULL, 10);
    client_id = argv[2];
    if (count < 1 || count > CONNECTIONS_MAX) return 2;
    for (int i = 0; i < count; i++) {
        if (scanf("%87s", clients[i].token) != 1) return fprintf(stderr, "fewer tokens than connections\n"), 2;
        connect_client(&clients[i], epoll);
    }
    int64_t began_us = now_us();
    run(epoll, count, seconds);
    double took_s = (double)(now_us() - began_us) / 1e6;
    qsort(samples, sample_count, sizeof *samples, compare);
    printf("{\"requests\":%llu,\"failures\":%llu,\"repeated\":%llu,\"per_s\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n", (unsigned long long)requests,
        (unsigned long long)failures, (unsigned long long)repeated, (double)requests / took_s, quantile_ms(0.5), quantile_ms(0.99), quantile_ms(1));
    return failures > 0;
}
