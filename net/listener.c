#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/server_h2o.h"

/* ---- TLS ---- */

static bool tls_fault(struct fault *fault, const char *what, const char *file)
{
    char reason[160] = "";
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    ERR_clear_error();
    return fault_set(fault, FAULT_INPUT, "tls", "%s %s: %s", what, file, reason);
}

static bool load_files(SSL_CTX *tls, const struct listen_at *at, struct fault *fault)
{
    if (SSL_CTX_use_certificate_chain_file(tls, at->tls_cert_file) != 1)
        return tls_fault(fault, "no certificate in PEM can be read from", at->tls_cert_file);
    if (SSL_CTX_use_PrivateKey_file(tls, at->tls_key_file, SSL_FILETYPE_PEM) != 1)
        return tls_fault(fault, "no private key in PEM for this certificate can be read from", at->tls_key_file);
    return true;
}

static SSL_CTX *create_tls(const struct listen_at *at, struct fault *fault)
{
    static const h2o_iovec_t only_http1[] = {{H2O_STRLIT("http/1.1")}, {NULL, 0}};
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL) abort();
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    /* RFC 9325 4.2: of TLS 1.2 only forward secrecy (no RSA key exchange) and AEAD (no CBC); 1.3 has nothing else */
    if (SSL_CTX_set_cipher_list(tls, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) abort();
    SSL_CTX_set_options(tls, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    h2o_ssl_register_alpn_protocols(tls, only_http1);
    if (load_files(tls, at, fault)) return tls;
    SSL_CTX_free(tls);
    return NULL;
}

/* ---- sockets ---- */

/* connections inherit these */
static void set_options(int fd)
{
    const int on = 1, off = 0;
    const unsigned silent_ms = PEER_SILENT_MAX_MS;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silent_ms, sizeof silent_ms);
}

/* -1 with errno */
static int bind_to(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    set_options(fd);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int bind_first(const struct listen_at *at, struct fault *fault)
{
    char port[8];
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    snprintf(port, sizeof port, "%u", (unsigned)at->port);
    int error = getaddrinfo(at->host, port, &hints, &found), fd = -1;
    if (error != 0) {
        fault_set(fault, FAULT_INPUT, at->name, "can't listen on %s:%s: %s", at->host, port, gai_strerror(error));
        return -1;
    }
    for (struct addrinfo *address = found; address != NULL && fd < 0; address = address->ai_next) fd = bind_to(address);
    if (fd < 0) fault_set(fault, FAULT_INPUT, at->name, "can't listen on %s:%s: %s", at->host, port, strerror(errno));
    freeaddrinfo(found);
    return fd;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &len);
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

bool listener_open(struct listener *listener, const struct listen_at *at, struct fault *fault)
{
    *listener = (struct listener){.at = at, .fd = -1};
    if (at->tls_cert_file != NULL && (listener->tls = create_tls(at, fault)) == NULL) return false;
    listener->fd = bind_first(at, fault);
    if (listener->fd < 0) {
        listener_close(listener);
        return false;
    }
    listener->port = bound_port(listener->fd);
    return true;
}

void listener_stop(struct listener *listener)
{
    if (listener->fd >= 0) close(listener->fd);
    listener->fd = -1;
}

void listener_close(struct listener *listener)
{
    listener_stop(listener);
    SSL_CTX_free(listener->tls);
    listener->tls = NULL;
}
