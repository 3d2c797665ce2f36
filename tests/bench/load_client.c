#include "bench/load_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "bench/load_answer.h"

static void give_up(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(1);
}

static void give_up_with_error(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void client_connect(struct client *client)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(client->plan->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&at, sizeof at) != 0) give_up_with_error("connect");
    if (setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        fcntl(client->fd, F_SETFL, O_NONBLOCK) != 0)
        give_up_with_error("connect");
    client->answer = malloc(ANSWER_MAX);
    if (client->answer == NULL) give_up_with_error("connect");
}

void client_send(struct client *client)
{
    char *word = client->words == NULL ? "" : client->words[client->word];
    struct iovec pieces[] = {client->plan->before, {word, strlen(word)}, client->plan->after};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 3};
    size_t len = pieces[0].iov_len + pieces[1].iov_len + pieces[2].iov_len;
    client->answer_len = 0;
    client->waits = true;
    client->sent_us = now_us();
    if (sendmsg(client->fd, &message, MSG_NOSIGNAL) != (ssize_t)len) give_up_with_error("send");
}

/* the word's successor takes its place; false: there is none */
static bool take_successor(struct client *client, const struct answer *answer)
{
    char *word = client->words[client->word];
    size_t len = strlen(word);
    const char *next = answer_find(answer, client->plan->next, len);
    if (next == NULL) return false;
    memcpy(word, next, len);
    record_word(client->record, word, len);
    return true;
}

static void take_answer(struct client *client, const struct answer *answer)
{
    bool good =
        answer->status == client->plan->status && (client->plan->next[0] == 0 || take_successor(client, answer));
    record_took(client->record, (uint32_t)(now_us() - client->sent_us));
    if (good)
        client->record->good++;
    else if (client->record->failed++ == 0)
        fprintf(stderr, "load: status %d: %.*s\n", answer->status, answer->body_len < 400 ? (int)answer->body_len : 400,
                answer->body);
    if (client->word_count > 0) client->word = (client->word + 1) % client->word_count;
    client->waits = false;
}

void client_receive(struct client *client)
{
    struct answer answer;
    ssize_t len = recv(client->fd, client->answer + client->answer_len, ANSWER_MAX - client->answer_len, 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (len < 0) give_up_with_error("recv");
    if (len == 0) give_up("the server closed a connection");
    if (!client->waits) give_up("an answer that nobody asked for");
    client->answer_len += (size_t)len;
    switch (answer_read(client->answer, client->answer_len, &answer)) {
    case ANSWER_PART:
        if (client->answer_len == ANSWER_MAX) give_up("an answer that is too long");
        return;
    case ANSWER_WHOLE: take_answer(client, &answer); return;
    case ANSWER_ODD: fprintf(stderr, "load: an odd answer: %s\n", answer.odd); exit(1);
    }
}
