/*
 * TXT records: see dns.h. By the system's resolver, or the configured server (dns_server, for tests).
 */
#include "app/hub/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include "app/core/installation.h"
#include "lib/utf8.h"

enum { ANSWER_MAX = 8192, TEXT_MAX = 2048, WAIT_S = 3, TRIES = 2 };

/* "127.0.0.1:5353" */
static void use_server(res_state s, const char *server) {
    const char *colon = strrchr(server, ':');
    char host[INET_ADDRSTRLEN] = "";
    size_t n = colon ? (size_t)(colon - server) : strlen(server);
    if (n >= sizeof host) return;
    memcpy(host, server, n);
    s->nscount = 1;
    s->nsaddr_list[0].sin_family = AF_INET;
    s->nsaddr_list[0].sin_port = htons((uint16_t)(colon ? atoi(colon + 1) : 53));
    inet_pton(AF_INET, host, &s->nsaddr_list[0].sin_addr);
}

/* The strings of one record make one text. */
static const char *text_of(Ctx *c, const unsigned char *data, size_t n) {
    Text t = text_start(c);
    text_add(&t, "");
    for (size_t i = 0; i < n && i + 1 + data[i] <= n; i += 1u + data[i])
        if (t.n + data[i] <= TEXT_MAX) text_add_n(&t, (const char *)data + i + 1, data[i]);
    return utf8_line(&c->mem, t.s);
}

static void close_resolver(void *arg) { res_nclose(arg); }

DnsTexts dns_texts(Ctx *c, const char *name) {
    DnsTexts to = { 0 };
    struct __res_state *s = take(c, sizeof *s);
    memset(s, 0, sizeof *s);
    if (res_ninit(s)) return to;
    later(c, close_resolver, s);
    s->retrans = WAIT_S;
    s->retry = TRIES;
    if (installation()->dns_server) use_server(s, installation()->dns_server);
    unsigned char *answer = take(c, ANSWER_MAX);
    int n = res_nquery(s, name, ns_c_in, ns_t_txt, answer, ANSWER_MAX);
    to.is_known = n >= 0 || s->res_h_errno == HOST_NOT_FOUND || s->res_h_errno == NO_DATA;
    ns_msg m;
    if (n < 0 || n > ANSWER_MAX || ns_initparse(answer, n, &m)) return to;
    for (int i = 0; i < ns_msg_count(m, ns_s_an) && to.n < DNS_TEXTS_MAX; i++) {
        ns_rr rr;
        if (ns_parserr(&m, ns_s_an, i, &rr) || ns_rr_type(rr) != ns_t_txt) continue;
        to.v[to.n++] = text_of(c, ns_rr_rdata(rr), ns_rr_rdlen(rr));
    }
    return to;
}
