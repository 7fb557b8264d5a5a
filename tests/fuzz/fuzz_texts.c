/* Text as people type it: what comes out is valid, in one form, and taking it again changes nothing. */
#include "lib/card.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

static void same_again(char *(*clean)(Arena *, const char *), const char *s) {
    char *once = clean(&mem, s);
    if (!once) return;
    MUST(utf8_is_valid(once, strlen(once)));
    char *twice = clean(&mem, once);
    MUST(twice && !strcmp(once, twice));
}

FUZZ(bytes, n) {
    char *s = as_text(bytes, n);
    utf8_is_valid((const char *)bytes, n);
    same_again(utf8_line, s);
    same_again(utf8_lines, s);
    utf8_exact(&mem, s);
    char *line = utf8_line(&mem, s);
    if (line) {
        MUST(is_one_line(line));
        MUST(utf8_length(utf8_cut(&mem, line, 10)) <= 10);
        MUST(utf8_length(utf8_ellipsis(&mem, line, 10)) <= 10);
        char *folded = utf8_fold(&mem, line), *key = utf8_search_key(&mem, line);
        MUST(utf8_is_valid(folded, strlen(folded)) && utf8_is_valid(key, strlen(key)));
        MUST(strlen(utf8_slug(&mem, line)) <= 60);
        utf8_initials(&mem, line);
        utf8_is_rtl(line);
        size_t start, length;
        MUST(!card_number_find(card_numbers_masked(&mem, line), &start, &length));
        utf8_plain_signs(&mem, line);
        mask_email(&mem, line);
        mask_phone(&mem, line);
        mask_end(&mem, line, 4);
    }
    char *mail = email_normal(&mem, s);
    if (mail) MUST(email_is_valid(mail) && is_one_line(mail));
    char *phone = phone_e164(&mem, s, "1");
    if (phone) MUST(phone_is_valid(phone));
}
