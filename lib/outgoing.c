/*
 * Where outgoing calls may go: see outgoing.h.
 */
#include "lib/outgoing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/date.h"
#include "lib/utf8.h"

enum { CONNECT_S = 5, TOTAL_S = 20, OWN_MAX = 64 };

static OutgoingRules rules = { .production = true };

void outgoing_rules(OutgoingRules r) { rules = r; }

const char *out_class_name(OutClass c) {
    static const char *const names[] = { "accepted", "refused", "not_accepted", "unknown" };
    return names[c];
}

/* ---- ranges ---- */

/* IPv4 that the public internet does not route (RFC 6890 and its successors). To add one: network and bits. */
static const struct { uint32_t network; int bits; } inside4[] = {
    { 0x00000000, 8 },  { 0x0a000000, 8 },  { 0x64400000, 10 }, { 0x7f000000, 8 },  { 0xa9fe0000, 16 },
        { 0xac100000, 12 },
    { 0xc0000000, 24 }, { 0xc0000200, 24 }, { 0xc0586300, 24 }, { 0xc0a80000, 16 }, { 0xc6120000, 15 },
        { 0xc6336400, 24 },
    { 0xcb007100, 24 }, { 0xe0000000, 4 },  { 0xf0000000, 4 },
};

static bool is_public4(uint32_t address) {
    for (size_t i = 0; i < sizeof inside4 / sizeof *inside4; i++)
        if ((address ^ inside4[i].network) >> (32 - inside4[i].bits) == 0) return false;
    return true;
}

/* IPv6: only global unicast 2000::/3, without Teredo and other protocol assignments (2001::/23), documentation
   (2001:db8::/32, 3fff::/20) and 6to4 (2002::/16). Mapped, translated and local forms are all outside of that. */
static bool is_public6(const unsigned char b[16]) {
    if ((b[0] & 0xe0) != 0x20) return false;
    if (b[0] == 0x20 && b[1] == 0x01 && b[2] < 2) return false;
    if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8) return false;
    if (b[0] == 0x20 && b[1] == 0x02) return false;
    return !(b[0] == 0x3f && b[1] == 0xff && b[2] < 0x10);
}

static const struct in_addr  *host4(const struct sockaddr *a) {
    return &((const struct sockaddr_in *)(const void *)a)->sin_addr;
}
static const struct in6_addr *host6(const struct sockaddr *a) {
    return &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
}

static bool same_host(const struct sockaddr *a, const struct sockaddr *b) {
    if (a->sa_family != b->sa_family) return false;
    if (a->sa_family == AF_INET) return host4(a)->s_addr == host4(b)->s_addr;
    return a->sa_family == AF_INET6 && !memcmp(host6(a), host6(b), 16);
}

/* Addresses of this machine, read again each minute. */
static bool is_own(const struct sockaddr *address) {
    static struct sockaddr_storage own[OWN_MAX];
    static int own_n;
    static int64_t read_us;
    int64_t now = time_ticking_us();
    if (!read_us || now - read_us > MINUTE_US) {
        struct ifaddrs *all = NULL;
        own_n = 0;
        if (getifaddrs(&all) == 0) {
            for (struct ifaddrs *i = all; i && own_n < OWN_MAX; i = i->ifa_next) {
                int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;
                if (family != AF_INET && family != AF_INET6) continue;
                memcpy(&own[own_n++], i->ifa_addr, family == AF_INET ? sizeof(struct sockaddr_in)
                       : sizeof(struct sockaddr_in6));
            }
            freeifaddrs(all);
        }
        read_us = now;
    }
    for (int i = 0; i < own_n; i++)
        if (same_host(address, (const struct sockaddr *)(const void *)&own[i])) return true;
    return false;
}

bool address_is_public(const struct sockaddr *address) {
    if (is_own(address)) return false;
    if (address->sa_family == AF_INET) return is_public4(ntohl(host4(address)->s_addr));
    return address->sa_family == AF_INET6 && is_public6(host6(address)->s6_addr);
}

bool address_is_allowed(const struct sockaddr *address) {
    char host[INET6_ADDRSTRLEN] = "", with_port[INET6_ADDRSTRLEN + 10];
    int port = 0;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        port = ntohs(in->sin_port);
        snprintf(with_port, sizeof with_port, "%s:%d", host, port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)address;
        inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
        port = ntohs(in->sin6_port);
        snprintf(with_port, sizeof with_port, "[%s]:%d", host, port);
    } else {
        return false;
    }
    for (int i = 0; rules.allowed && rules.allowed[i]; i++)
        if (!strcmp(rules.allowed[i], host) || !strcmp(rules.allowed[i], with_port)) return true;
    return false;
}

/* ---- the guard on a handle ---- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
    OutgoingGuard *guard = arg;
    bool allowed = address_is_allowed(&address->addr);
    bool may = allowed || (address_is_public(&address->addr) && (guard->encrypted || !rules.production));
    if (purpose != CURLSOCKTYPE_IPCXN || !may) {
        guard->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void outgoing_guard(CURL *curl, OutgoingGuard *guard) {
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, guard);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_S * 1000L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TOTAL_S * 1000L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

/* ---- a URL as typed ---- */

static char *part(Arena *a, CURLU *u, CURLUPart what) {
    char *s = NULL;
    if (curl_url_get(u, what, &s, 0) != CURLUE_OK) return NULL;
    char *copy = arena_copy(a, s);
    curl_free(s);
    return copy;
}

/* A host that is a number in any writing is looked at right away; names when they are resolved. */
static bool host_is_inside(const char *host) {
    struct sockaddr_in in4 = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    char bare[64];
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(host + (*host == '['), "]"), host + (*host == '['));
    if (inet_aton(bare, &in4.sin_addr)) return !address_is_public((const struct sockaddr *)(const void *)&in4);
    if (inet_pton(AF_INET6, bare, &in6.sin6_addr) == 1)
        return !address_is_public((const struct sockaddr *)(const void *)&in6);
    size_t n = strlen(host);
    return !strcmp(host, "localhost") || (n > 10 && !strcmp(host + n - 10, ".localhost")) || !strchr(host, '.')
        || (n > 6 && !strcmp(host + n - 6, ".local")) || (n > 9 && !strcmp(host + n - 9, ".internal"));
}

static bool is_listed(const char *host, const char *port) {
    for (int i = 0; rules.allowed && rules.allowed[i]; i++) {
        size_t n = strlen(host);
        const char *entry = rules.allowed[i];
        if (strncmp(entry, host, n)) continue;
        if (!entry[n] || (entry[n] == ':' && port && !strcmp(entry + n + 1, port))) return true;
    }
    return false;
}

static const char MALFORMED[] = "Enter an address like https://example.com/path.";

static const char *url_problem(Arena *a, CURLU *u, const char *url) {
    if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) return MALFORMED;
    const char *scheme = part(a, u, CURLUPART_SCHEME), *host = part(a, u, CURLUPART_HOST),
        *port = part(a, u, CURLUPART_PORT);
    if (!scheme || (strcmp(scheme, "https") && strcmp(scheme, "http"))) return "The address begins with https://.";
    if (part(a, u, CURLUPART_USER) || part(a, u, CURLUPART_PASSWORD))
        return "The address may not hold a user name or a password.";
    if (part(a, u, CURLUPART_FRAGMENT)) return "The address may not hold a #.";
    if (!host || !*host) return "The address has no host.";
    if (is_listed(host, port)) return NULL;
    if (rules.production && strcmp(scheme, "https")) return "The address begins with https://.";
    return host_is_inside(host) ? "The address is not reachable from the internet." : NULL;
}

const char *outgoing_url_problem(Arena *a, const char *url) {
    if (!url || !*url || strlen(url) > 2000 || !is_one_line(url) || strpbrk(url, " \\\"<>")) return MALFORMED;
    CURLU *u = curl_url();
    if (!u) abort();
    const char *problem = url_problem(a, u, url);
    curl_url_cleanup(u);
    return problem;
}
