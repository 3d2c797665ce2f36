/* address: IP addresses and blocks of them, IPv4 as IPv6 sees it (::ffff:a.b.c.d), so that one comparison serves both.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <sys/socket.h>

#include "base/bytes.h"
#include "base/fault.h"

struct address {
    unsigned char at[16];
};
enum { ADDRESS_TEXT_LEN = 46 };

/* "10.0.0.1", "::1", "[::1]", and with a port behind ("10.0.0.1:80", "[::1]:80"), which is ignored */
bool address_parse(struct bytes text, struct address *address) MUST_USE;
/* false for what is neither IPv4 nor IPv6 */
bool address_of_socket(const struct sockaddr *socket, struct address *address) MUST_USE;
/* with a NUL behind it; an IPv4 address as such */
void address_write(const struct address *address, char text[ADDRESS_TEXT_LEN]);

/* the networks that trusted_proxies names */
struct networks {
    struct network *at; /* owned */
    size_t count;
};
/* texts: NULL at the end, or NULL. false with FAULT_INPUT that names the wrong one. */
bool networks_init(struct networks *networks, const char *const *texts, struct fault *fault) MUST_USE;
void networks_release(struct networks *networks);
bool networks_contain(const struct networks *networks, const struct address *address);

#endif
