/* Content-Type, Content-Length, Host, addresses and networks. */
#include "lib/request.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    char *s = as_text(bytes, n);
    ContentType type = { 0 };
    if (!content_type_parse(&mem, s, &type).status && type.kind == BODY_MULTIPART)
        MUST(type.boundary && *type.boundary && strlen(type.boundary) <= MULTIPART_BOUNDARY_MAX);
    int64_t length = -1;
    if (!content_length_parse(s, &length).status) MUST(length >= 0 && length <= 999999999999999);
    const char *host = host_parse(&mem, s);
    if (host) MUST(*host && strlen(host) <= REQUEST_HOST_MAX);
    Address a, b;
    if (address_parse(s, &a)) {
        MUST(address_parse(address_text(&mem, &a), &b));
        MUST(!memcmp(a.bytes, b.bytes, sizeof a.bytes) && a.is_v4 == b.is_v4);
    }
    Network net;
    if (network_parse(s, &net)) MUST(network_has(&net, &net.address));
}
