/*
 * Certificates by OpenSSL: see certificate.h.
 */
#include "lib/certificate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/date.h"

struct Certificate { X509 *x; };

static void give_back(void *c) { X509_free(((Certificate *)c)->x); }

Certificate *certificate_read(Arena *a, const char *file, const char **problem) {
    FILE *f = fopen(file, "re");
    if (!f) {
        *problem = text(a, "%s cannot be read", file);
        return NULL;
    }
    X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    if (!x) {
        *problem = text(a, "%s holds no certificate", file);
        return NULL;
    }
    Certificate *c = take(a, sizeof *c);
    c->x = x;
    later(a, give_back, c);
    return c;
}

Time certificate_until(const Certificate *c) {
    struct tm t = { 0 };
    if (!ASN1_TIME_to_tm(X509_get0_notAfter(c->x), &t)) return TIME_NONE;
    return time_of_unix((int64_t)timegm(&t));
}

bool certificate_is_of(const Certificate *c, const char *host) {
    return X509_check_host(c->x, host, strlen(host), 0, NULL) == 1;
}
