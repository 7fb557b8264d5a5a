/* lib/utf8: what people type, cleaned; addresses and numbers with tables of bad ones (S18, S22). */
#include "lib/utf8.h"
#include "tests/suite.h"

static Arena mem;

static void validates(void) {
    static const char *const bad[] = { "\xff", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80",
                                       "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xf8\x88\x80\x80\x80" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_FALSE(utf8_is_valid(bad[i], strlen(bad[i])));
        SAME_TEXT(utf8_line(&mem, bad[i]), NULL);
        SAME_TEXT(utf8_exact(&mem, bad[i]), NULL);
    }
    CU_ASSERT(utf8_is_valid("a é € 😀", strlen("a é € 😀")));
    CU_ASSERT_FALSE(utf8_is_valid("a\0b", 3));
    SAME_INT(utf8_length("a é € 😀"), 7);
    SAME_TEXT(utf8_cut(&mem, "a é € 😀", 5), "a é €");
    SAME_TEXT(utf8_cut(&mem, "ab", 5), "ab");
    SAME_TEXT(utf8_ellipsis(&mem, "Consumption", 5), "Cons…");
    SAME_TEXT(utf8_ellipsis(&mem, "Const", 5), "Const");
}

static void cleans(void) {
    SAME_TEXT(utf8_line(&mem, "  Asha \t  Nair\r\n"), "Asha Nair");
    SAME_TEXT(utf8_line(&mem, "a\x01\x1b[31mb\x7f"), "a[31mb");
    SAME_TEXT(utf8_line(&mem, "Jose\u0301"), "José");
    SAME_TEXT(utf8_line(&mem, "\u202eabc\u200b\ufeff"), "abc");
    SAME_TEXT(utf8_line(&mem, "नि\u200dक"), "नि\u200dक");
    SAME_TEXT(utf8_line(&mem, "1\u00a0234"), "1 234");
    SAME_TEXT(utf8_line(&mem, "a\nb\u2028c"), "a b c");
    SAME_TEXT(utf8_line(&mem, "e\u200b\u0301"), "é");
    SAME_TEXT(utf8_line(&mem, ""), "");
    SAME_TEXT(utf8_line(&mem, " \n "), "");
    SAME_TEXT(utf8_line(&mem, NULL), NULL);
    SAME_TEXT(utf8_lines(&mem, "\r\n one  two \r\n\r\nthree\rfour\u2029five\n\n"), "one  two\n\nthree\nfour\nfive");
    SAME_TEXT(utf8_trim(&mem, "\t \u00a0 a  b\u00a0\n"), "a  b");
    SAME_TEXT(utf8_trim(&mem, " \u00a0"), "");
    SAME_TEXT(utf8_lines(&mem, "a\n  b"), "a\n  b");
    SAME_TEXT(utf8_exact(&mem, " pass  word "), " pass  word ");
    SAME_TEXT(utf8_exact(&mem, "pass\nword"), NULL);
    SAME_TEXT(utf8_exact(&mem, "e\u0301"), "é");
}

static void folds(void) {
    SAME_TEXT(utf8_fold(&mem, "Straße ÉCOLE"), "strasse école");
    SAME_TEXT(utf8_fold(&mem, "ABC-1"), "abc-1");
    SAME_TEXT(utf8_search_key(&mem, "  José  O'Neil-Müller, Straße 5 "), "jose oneil muller strasse 5");
    SAME_TEXT(utf8_search_key(&mem, "ﬁ Ⅳ"), "fi iv");
    SAME_TEXT(utf8_search_key(&mem, "आशा"), "आशा");
    SAME_TEXT(utf8_slug(&mem, "San José Water Co."), "san-jose-water-co");
    SAME_TEXT(utf8_slug(&mem, "水道"), "");
    SAME_TEXT(utf8_initials(&mem, "asha Nair"), "AN");
    SAME_TEXT(utf8_initials(&mem, "Consolidated Edison of New York"), "CY");
    SAME_TEXT(utf8_initials(&mem, "émile"), "É");
    SAME_TEXT(utf8_initials(&mem, "ßtest ﬁx"), "SF");
    SAME_TEXT(utf8_initials(&mem, ""), "");
    CU_ASSERT(utf8_is_rtl("123 שלום"));
    CU_ASSERT_FALSE(utf8_is_rtl("abc שלום"));
}

static void checks_addresses(void) {
    static const char *const good[] = { "a@b.co", "admin@sfwater.org", "first.last+tag@sub.example-site.com",
                                        "o'neil@example.org", "x_1@1a.net" };
    static const char *const bad[] = { "", "a", "a@", "@b.co", "a@b", "a@b.c", "a b@c.de", "a@b..co", ".a@b.co",
                                       "a.@b.co", "a..b@c.de", "a@-b.co", "a@b-.co",
        "a@b.co\n", "a@b.co\r\nBcc: x@y.zz", "\"a\"@b.co", "a@[127.0.0.1]", "a@127.0.0.1", "a@b.co,c@d.ee", "<a@b.co>",
            "a@b.co>", "ä@b.co", "a@bü.co", "a@@b.co", "a@b.co.",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.co" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) CU_ASSERT(email_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (email_is_valid(bad[i])) fprintf(stderr, "\naccepted %s\n", bad[i]);
        CU_ASSERT_FALSE(email_is_valid(bad[i]));
    }
    SAME_TEXT(email_normal(&mem, " Admin@SFWater.ORG "), "Admin@sfwater.org");
    SAME_TEXT(email_normal(&mem, "x"), NULL);
    SAME_TEXT(phone_e164(&mem, " +1 (503) 555-7890", NULL), "+15035557890");
    SAME_TEXT(phone_e164(&mem, "+91 98765 43210", NULL), "+919876543210");
    static const char *const bad_phones[] = { "", "503 555 7890", "+", "+0 503 555 7890", "+1 503", "+1234567890123456",
                                              "+1 503 555 7890 x5", "+1503555789O", "++15035557890", "+1\n5035557890;",
                                              "٠١٢٣٤٥٦٧٨" };
    for (size_t i = 0; i < sizeof bad_phones / sizeof *bad_phones; i++)
        SAME_TEXT(phone_e164(&mem, bad_phones[i], NULL), NULL);
    SAME_TEXT(phone_e164(&mem, "(503) 555-7890", "1"), "+15035557890");
    SAME_TEXT(phone_e164(&mem, "098765 43210", "91"), "+919876543210");
    SAME_TEXT(phone_e164(&mem, "5557", "1"), NULL);
    SAME_TEXT(phone_e164(&mem, "+44 20 7946 0958", "1"), "+442079460958");
#define GAP "\302\240"
    SAME_TEXT(phone_words(&mem, "+15035557890"), "+1" GAP "503" GAP "555" GAP "7890");
    SAME_TEXT(phone_words(&mem, "+919876543210"), "+91" GAP "98765" GAP "43210");
    SAME_TEXT(phone_words(&mem, "+442079460958"), "+44" GAP "207" GAP "946" GAP "0958");
    SAME_TEXT(phone_words(&mem, "+2348012345678"), "+234" GAP "801" GAP "234" GAP "5678");
    SAME_TEXT(phone_words(&mem, "+6581234567"), "+65" GAP "8123" GAP "4567");
    SAME_TEXT(phone_words(&mem, "+33142685300"), "+33" GAP "142" GAP "685" GAP "300");
    SAME_TEXT(phone_words(&mem, "503 555 7890"), "503 555 7890");
    SAME_TEXT(phone_words(&mem, "+1******7890"), "+1******7890");
    SAME_TEXT(phone_words(&mem, NULL), "");
    CU_ASSERT(phone_is_valid("+15035557890"));
    CU_ASSERT_FALSE(phone_is_valid("+1 5035557890"));
    CU_ASSERT_FALSE(phone_is_valid("+15035557890\n"));
    CU_ASSERT_FALSE(phone_is_valid("+05035557890"));
    CU_ASSERT(is_one_line("Re: your bill"));
    CU_ASSERT_FALSE(is_one_line("a\r\nb"));
}

static void masks(void) {
    SAME_TEXT(mask_email(&mem, "asha@sfwater.org"), "a***@sfwater.org");
    SAME_TEXT(mask_email(&mem, "x"), "***");
    SAME_TEXT(mask_phone(&mem, "+15035557890"), "+1******7890");
    SAME_TEXT(mask_end(&mem, "1234567890", 4), "******7890");
    SAME_TEXT(mask_end(&mem, "12345", 4), "*****");
    SAME_TEXT(mask_end(&mem, "", 4), "");
    SAME_TEXT(utf8_plain_signs(&mem, "\u2212$\u00a05 … “x” ₹ é"), "-$ 5 ... \"x\" ₹ é");
}

static void never_makes_bad_text(void) {
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        char s[24];
        for (size_t j = 0; j < sizeof s; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            s[j] = (char)(seed >> 56);
        }
        s[(seed >> 40) % sizeof s] = 0;
        static const char *const pieces[] = { "a", " ", "\u0301", "\u200b", "\n", "ß", "\u1d160", "😀", "\u00a0", "ﬃ" };
        if (i % 2)
            for (size_t j = s[0] = 0; j < 5; j++) strcat(s, pieces[(seed >> (j * 7)) % 10]);
        s[sizeof s - 1] = 0;
        ArenaMark here = mark(&mem);
        const char *line = utf8_line(&mem, s);
        CU_ASSERT_EQUAL_FATAL(line != NULL, utf8_is_valid(s, strlen(s)));
        if (line) CU_ASSERT_FATAL(utf8_is_valid(line, strlen(line)) && is_one_line(line));
        if (line) {
            char *cut = utf8_cut(&mem, line, 3);
            CU_ASSERT_FATAL(utf8_is_valid(cut, strlen(cut)));
            CU_ASSERT_STRING_EQUAL_FATAL(utf8_line(&mem, line), line);
        }
        rewind_to(&mem, here);
    }
}

static const char *say_name(void *arg, const char *name, size_t n) {
    return n == 4 && !strncmp(name, "name", 4) ? arg : NULL;
}

static void places(void) {
    static const struct { const char *s, *filled; } cases[] = {
        { "Dear {{name}},", "Dear Ada," }, { "{{name}}{{name}}", "AdaAda" }, { "{{other}}!", "!" }, { "{{}}", "" },
        { "no place", "no place" }, { "open {{name", "open {{name" }, { "{{name}} and {{", "Ada and {{" }, { "", "" },
        { NULL, "" },
    };
    Arena arena = { 0 };
    char ada[] = "Ada";
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        SAME_TEXT(places_filled(&arena, cases[k].s, say_name, ada), cases[k].filled);
    arena_end(&arena);
}

int main(void) {
    int status = suite_run("utf8", (SuiteTest[]){
        { "validates", validates }, { "cleans", cleans }, { "folds", folds }, { "checks addresses", checks_addresses },
        { "masks", masks },
        { "never makes bad text", never_makes_bad_text }, { "places in texts", places }, { 0 } });
    arena_end(&mem);
    return status;
}
