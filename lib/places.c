/*
 * Names of countries, states and currencies: see places.h.
 */
#include "lib/places.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <unicode/ucurr.h>
#include <unicode/uenum.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "lib/json.h"
#include "lib/money.h"
#include "lib/utf8.h"

enum { NAME_MAX_CHARS = 120, STATES_BYTES = 16 * 1024 * 1024 };
#define STATES_FILE "/usr/share/iso-codes/json/iso_3166-2.json"

static const char *utf8_of(Arena *a, const UChar *s, int32_t n) {
    char room[NAME_MAX_CHARS * 4 + 1];
    UErrorCode status = U_ZERO_ERROR;
    int32_t size = 0;
    u_strToUTF8(room, (int32_t)sizeof room - 1, &size, s, n, &status);
    return U_FAILURE(status) ? "" : text_copy_n(a, room, (size_t)size);
}

static int by_name(const void *a, const void *b) {
    return strcasecmp(((const Place *)a)->name, ((const Place *)b)->name);
}
static int by_code(const void *a, const void *b) { return strcmp(((const Place *)a)->code, ((const Place *)b)->code); }

/* --- countries ---------------------------------------------------------------------------------------------------- */

bool country_exists(const char *code) {
    if (!code || strlen(code) != 2) return false;
    for (const char *const *c = uloc_getISOCountries(); *c; c++)
        if (!strcmp(*c, code)) return true;
    return false;
}

const char *country_name(Arena *a, const char *language, const char *code) {
    UChar name[NAME_MAX_CHARS];
    UErrorCode status = U_ZERO_ERROR;
    int32_t n = uloc_getDisplayCountry(text(a, "und_%s", code), language, name, NAME_MAX_CHARS, &status);
    return U_FAILURE(status) || !n ? code : utf8_of(a, name, n);
}

PlaceList countries_list(Arena *a, const char *language) {
    size_t n = 0;
    const char *const *all = uloc_getISOCountries();
    while (all[n]) n++;
    PlaceList l = { take_n(a, Place, n), n };
    for (size_t i = 0; i < n; i++) l.v[i] = (Place){ all[i], country_name(a, language, all[i]) };
    qsort(l.v, n, sizeof *l.v, by_name);
    return l;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

/* Read at the first question, for the life of the worker. */
static struct { Arena mem; bool is_read; PlaceList all; } states;

static char *file_bytes(Arena *a, size_t *n) {
    FILE *f = fopen(STATES_FILE, "re");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *bytes = size > 0 && size < STATES_BYTES ? take(a, (size_t)size + 1) : NULL;
    *n = bytes ? fread(bytes, 1, (size_t)size, f) : 0;
    fclose(f);
    return bytes && *n == (size_t)size ? bytes : NULL;
}

/* First-order divisions only: those of a division name it as their parent. */
static void read_states(void) {
    states.is_read = true;
    Arena work = { 0 };
    size_t n = 0;
    char *bytes = file_bytes(&work, &n);
    Json list = json_member(bytes ? json_read(&work, bytes, n, STATES_BYTES, NULL) : (Json){ 0 }, "3166-2");
    size_t size = json_size(list);
    states.all.v = take_n(&states.mem, Place, size + 1);
    for (size_t i = 0; i < size; i++) {
        Json one = json_item(list, i);
        const char *code = json_text(one, "code"), *name = json_text(one, "name");
        if (!code || !name || json_text(one, "parent")) continue;
        states.all.v[states.all.n++] = (Place){ text_copy(&states.mem, code), text_copy(&states.mem, name) };
    }
    arena_end(&work);
    qsort(states.all.v, states.all.n, sizeof *states.all.v, by_code);
}

static bool is_of(const Place *p, const char *country) {
    return !strncmp(p->code, country, 2) && p->code[2] == '-';
}

PlaceList states_list(Arena *a, const char *country) {
    if (!states.is_read) read_states();
    PlaceList l = { take_n(a, Place, states.all.n + 1), 0 };
    for (size_t i = 0; country && strlen(country) == 2 && i < states.all.n; i++)
        if (is_of(&states.all.v[i], country)) l.v[l.n++] = states.all.v[i];
    qsort(l.v, l.n, sizeof *l.v, by_name);
    return l;
}

const char *state_find(const char *country, const char *typed) {
    if (!states.is_read) read_states();
    if (!country || strlen(country) != 2 || !typed) return NULL;
    for (size_t i = 0; i < states.all.n; i++) {
        const Place *p = &states.all.v[i];
        if (is_of(p, country) && (!strcasecmp(p->code, typed) || !strcasecmp(p->code + 3, typed)
                                  || !strcasecmp(p->name, typed))) return p->code;
    }
    return NULL;
}

const char *state_name(const char *code) {
    if (!states.is_read) read_states();
    for (size_t i = 0; code && i < states.all.n; i++)
        if (!strcmp(states.all.v[i].code, code)) return states.all.v[i].name;
    return code;
}

/* --- currencies --------------------------------------------------------------------------------------------------- */

PlaceList currencies_list(Arena *a, const char *language) {
    UErrorCode status = U_ZERO_ERROR;
    UEnumeration *e = ucurr_openISOCurrencies(UCURR_COMMON | UCURR_NON_DEPRECATED, &status);
    if (U_FAILURE(status)) return (PlaceList){ 0 };
    int32_t most = uenum_count(e, &status);
    PlaceList l = { take_n(a, Place, (size_t)(most > 0 ? most : 0) + 1), 0 };
    const char *code;
    while ((int32_t)l.n < most && (code = uenum_next(e, NULL, &status)) && U_SUCCESS(status)) {
        if (currency_exponent(code) < 0) continue;
        UChar iso[4] = { (UChar)code[0], (UChar)code[1], (UChar)code[2], 0 };
        UErrorCode named = U_ZERO_ERROR;
        int32_t n = 0;
        const UChar *name = ucurr_getName(iso, language, UCURR_LONG_NAME, NULL, &n, &named);
        l.v[l.n++] = (Place){ text_copy(a, code), U_FAILURE(named) ? code : utf8_of(a, name, n) };
    }
    uenum_close(e);
    qsort(l.v, l.n, sizeof *l.v, by_code);
    return l;
}

bool currency_exists(Arena *a, const char *code) {
    PlaceList all = currencies_list(a, "en");
    for (size_t i = 0; i < all.n; i++)
        if (!strcmp(all.v[i].code, code)) return true;
    return false;
}
