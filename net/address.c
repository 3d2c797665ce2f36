#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct network {
    struct address address;
    unsigned prefix_len; /* bits of the 128 */
};

static const unsigned char v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static bool is_v4(const struct address *address) { return memcmp(address->at, v4_prefix, sizeof v4_prefix) == 0; }

static bool parse_plain(struct bytes text, struct address *address)
{
    char plain[ADDRESS_TEXT_LEN];
    if (text.len == 0 || text.len >= sizeof plain || memchr(text.at, 0, text.len) != NULL) return false;
    memcpy(plain, text.at, text.len);
    plain[text.len] = 0;
    memcpy(address->at, v4_prefix, sizeof v4_prefix);
    if (inet_pton(AF_INET, plain, address->at + sizeof v4_prefix) == 1) return true;
    return inet_pton(AF_INET6, plain, address->at) == 1;
}

bool address_parse(struct bytes text, struct address *address)
{
    size_t colon = bytes_find(text, ':');
    if (text.len > 0 && text.at[0] == '[') {
        size_t end = bytes_find(text, ']');
        if (end + 1 < text.len && text.at[end + 1] != ':') return false;
        return end < text.len && parse_plain((struct bytes){text.at + 1, end - 1}, address);
    }
    bool one_colon = colon < text.len && memchr(text.at + colon + 1, ':', text.len - colon - 1) == NULL;
    return parse_plain((struct bytes){text.at, one_colon ? colon : text.len}, address);
}

bool address_of_socket(const struct sockaddr *socket, struct address *address)
{
    if (socket->sa_family == AF_INET) {
        memcpy(address->at, v4_prefix, sizeof v4_prefix);
        memcpy(address->at + sizeof v4_prefix, &((const struct sockaddr_in *)(const void *)socket)->sin_addr, 4);
        return true;
    }
    if (socket->sa_family != AF_INET6) return false;
    memcpy(address->at, &((const struct sockaddr_in6 *)(const void *)socket)->sin6_addr, 16);
    return true;
}

void address_write(const struct address *address, char text[ADDRESS_TEXT_LEN])
{
    bool v4 = is_v4(address);
    if (inet_ntop(v4 ? AF_INET : AF_INET6, address->at + (v4 ? sizeof v4_prefix : 0), text, ADDRESS_TEXT_LEN) == NULL)
        text[0] = 0;
}

static bool parse_network(struct bytes text, struct network *network)
{
    size_t slash = bytes_find(text, '/');
    if (!parse_plain((struct bytes){text.at, slash}, &network->address)) return false;
    unsigned bits = is_v4(&network->address) && memchr(text.at, ':', slash) == NULL ? 32 : 128;
    uint64_t len = bits;
    if (slash < text.len && !bytes_to_number((struct bytes){text.at + slash + 1, text.len - slash - 1}, bits, &len))
        return false;
    network->prefix_len = 128 - bits + (unsigned)len;
    return true;
}

bool networks_init(struct networks *networks, const char *const *texts, struct fault *fault)
{
    size_t count = 0;
    *networks = (struct networks){0};
    while (texts != NULL && texts[count] != NULL) count++;
    networks->at = calloc(count + 1, sizeof networks->at[0]);
    if (networks->at == NULL) abort();
    for (; networks->count < count; networks->count++) {
        if (parse_network(bytes_of(texts[networks->count]), &networks->at[networks->count])) continue;
        fault_set(fault, FAULT_INPUT, "trusted_proxies", "\"%.60s\" is neither an address nor a block like 10.0.0.0/8",
                  texts[networks->count]);
        networks_release(networks);
        return false;
    }
    return true;
}

void networks_release(struct networks *networks)
{
    free(networks->at);
    *networks = (struct networks){0};
}

static bool network_contains(const struct network *network, const struct address *address)
{
    unsigned whole = network->prefix_len / 8, left = network->prefix_len % 8;
    if (memcmp(network->address.at, address->at, whole) != 0) return false;
    return left == 0 || ((network->address.at[whole] ^ address->at[whole]) >> (8 - left)) == 0;
}

bool networks_contain(const struct networks *networks, const struct address *address)
{
    for (size_t i = 0; i < networks->count; i++)
        if (network_contains(&networks->at[i], address)) return true;
    return false;
}
