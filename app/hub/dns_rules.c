/*
 * Findings about a domain's mail records: see dns_rules.h.
 */
#include "app/hub/dns_rules.h"

#include <string.h>
#include <strings.h>

const char *dns_verdict_name(DnsVerdict v) {
    static const char *const names[] = { "good", "weak", "missing", "broken" };
    return names[v];
}

/* The one record that begins so; several are as bad as none. */
static DnsFinding only(const char *const *texts, size_t n, const char *begins) {
    DnsFinding f = { DNS_MISSING, NULL, "none" };
    for (size_t i = 0; i < n; i++) {
        size_t k = strlen(begins);
        if (strncasecmp(texts[i], begins, k) || (texts[i][k] && texts[i][k] != ' ' && texts[i][k] != ';')) continue;
        if (f.found) return (DnsFinding){ DNS_BROKEN, f.found, "several" };
        f = (DnsFinding){ DNS_GOOD, texts[i], NULL };
    }
    return f;
}

DnsFinding spf_finding(const char *const *texts, size_t n) {
    DnsFinding f = only(texts, n, "v=spf1");
    if (f.verdict != DNS_GOOD) return f;
    if (strcasestr(f.found, "+all") || strcasestr(f.found, " all"))
        return (DnsFinding){ DNS_BROKEN, f.found, "spf_all" };
    if (strcasestr(f.found, "-all") || strcasestr(f.found, "~all") || strcasestr(f.found, "redirect=")) return f;
    return (DnsFinding){ DNS_WEAK, f.found, "spf_open" };
}

/* A key, which may not be empty: an empty one is a key that was withdrawn. */
DnsFinding dkim_finding(const char *const *texts, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const char *key = strcasestr(texts[i], "p=");
        if (!key || (key != texts[i] && !strchr("; ", key[-1]))) continue;
        key += 2;
        while (*key == ' ') key++;
        if (!*key || *key == ';') return (DnsFinding){ DNS_BROKEN, texts[i], "dkim_withdrawn" };
        return (DnsFinding){ DNS_GOOD, texts[i], NULL };
    }
    return (DnsFinding){ DNS_MISSING, NULL, "none" };
}

DnsFinding dmarc_finding(const char *const *texts, size_t n) {
    DnsFinding f = only(texts, n, "v=DMARC1");
    if (f.verdict != DNS_GOOD) return f;
    const char *p = strcasestr(f.found, "p=");
    while (p && p > f.found && !strchr("; ", p[-1])) p = strcasestr(p + 1, "p=");
    if (!p) return (DnsFinding){ DNS_BROKEN, f.found, "dmarc_no_policy" };
    if (!strncasecmp(p + 2, "none", 4)) return (DnsFinding){ DNS_WEAK, f.found, "dmarc_none" };
    return f;
}
