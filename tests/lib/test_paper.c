/*
 * Bills as PDF without a database (BX03US01, CSS01US02): the same bytes of the same facts, every figure in the text,
 * pages that are counted, languages, and what is refused. Files are read with poppler's programs; PAPER_OUT=<folder>
 * keeps them.
 */
#include <qrencode.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/billing/bill_paper.h"
#include "lib/messages.h"
#include "lib/pdf.h"
#include "tests/suite.h"

static Arena mem, texts;
static char folder[200];

static const char *out_of(const char *command) {
    FILE *f = popen(command, "r");
    char *room = take(&mem, 200000);
    size_t n = f ? fread(room, 1, 199999, f) : 0;
    room[n] = 0;
    CU_ASSERT_EQUAL(f ? pclose(f) : -1, 0);
    return room;
}

static const char *kept(const char *name, Bytes pdf) {
    const char *path = text(&mem, "%s/%s.pdf", folder, name);
    FILE *f = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fwrite(pdf.p, 1, pdf.n, f), pdf.n);
    fclose(f);
    return path;
}

static const char *words_of(const char *name, Bytes pdf) {
    return out_of(text(&mem, "pdftotext -layout %s -", kept(name, pdf)));
}
static int pages_of(const char *name) {
    return atoi(strstr(out_of(text(&mem, "pdfinfo %s/%s.pdf", folder, name)), "Pages:") + 6);
}

#define HAS(where, what) has((where), (what), __LINE__)
static void has(const char *where, const char *what, int line) {
    if (!strstr(where, what)) fprintf(stderr, "\ntest_paper.c:%d: \"%s\" is not in\n%s\n", line, what, where);
    CU_ASSERT_PTR_NOT_NULL(strstr(where, what));
}

/* --- a bill ------------------------------------------------------------------------------------------------------- */

static Date on(int month, int day) { return date_of(2026, month, day); }

/* SF-1001 of April 2026: 188.00. */
static BillPaper *april(void) {
    static const PaperLine lines[] = { { "current",
                                         "FIXED",
                                         "Water",
                                         "Water, base charge",
                                         "18.20 a month",
                                         NULL,
                                         true,
                                         false,
                                         { 0 },
                                         { 0 },
                                         { INT32_MIN },
                                         { INT32_MIN },
                                         { 1820 } },
                                       { "current",
                                         "USAGE",
                                         "Water",
                                         "Water use",
                                         "5 x 4.50 = 22.50; 5 x 6.75 = 33.75; 2 x 9.10 = 18.20",
                                         "CCF",
                                         true,
                                         true,
                                         { 12000000 },
                                         { 0 },
                                         { INT32_MIN },
                                         { INT32_MIN },
                                         { 7445 } },
                                       { "current",
                                         "SEWER_USAGE",
                                         "Wastewater",
                                         "Wastewater use",
                                         "90 % of 12 = 10.8 x 8.40 = 90.72",
                                         "CCF",
                                         true,
                                         true,
                                         { 10800000 },
                                         { 8400000 },
                                         { INT32_MIN },
                                         { INT32_MIN },
                                         { 9072 } },
                                       { "current",
                                         "TAX",
                                         NULL,
                                         "City utility tax 5 %",
                                         "5 % of 92.65 = 4.6325, rounded 4.63",
                                         NULL,
                                         true,
                                         false,
                                         { 0 },
                                         { 0 },
                                         { INT32_MIN },
                                         { INT32_MIN },
                                         { 463 } } };
    static PaperReading reading;
    reading = (PaperReading){ "SFM-1001", "CCF", on(4, 1), on(4, 30), { 1250000 }, { 1262000 }, { 12000 }, false };
    BillPaper *p = take(&mem, sizeof *p);
    *p = (BillPaper){
        .bill_no = "WA-BILL-202605-000001",
        .account_no = "SF-1001",
        .consumer_no = "SF-C-1001",
        .portal_code = "PC001001",
        .consumer_name = "Resident Alder",
        .status = "published",
        .kind = "cycle",
        .premise = "1 Canyon Rd, Portland, OR 97221",
        .plans = "Residential variable, version 1",
        .issuer = { .name = "San Francisco Water Authority",
                    .address = "100 Water Street, Portland, OR 97201",
                    .phone = "+1 503 555 7890",
                    .emergency_phone = "+1 503 555 7911",
                    .email = "billing@sfwater.test",
                    .website = "https://sfwater.test",
                    .tax_no = "93-1234567",
                    .colour = 0x0f5fa6,
                    .ink = 0x172230 },
        .on = paper_sections(&mem, NULL),
        .how_to_pay =
            "Online: scan the code or open the link. By mail: send a cheque with the slip.",
        .contact = "Questions about this bill? Call or write to us; have your account number at hand.",
        .pay_url = "https://swa.smart360.test/b/AbCdEfGhIjKlMnOpQrStUv",
        .portal_url = "https://my.swa.test/p/swa-w/",
        .message = { "Spring is the time to check taps and toilets for leaks: a running toilet wastes 200 gallons." },
        .message_n = 1,
        .period_start = on(4, 1),
        .period_end = on(4, 30),
        .bill_date = on(5, 2),
        .due_date = on(5, 23),
        .days = 30,
        .published_at = { 1777741200000000 },
        .exponent = 2,
        .current = { 18800 },
        .tax = { 463 },
        .total = { 18800 },
        .due = { 18800 },
        .line = lines,
        .line_n = 4,
        .reading = &reading,
        .reading_n = 1,
        .unit = "CCF"
    };
    p->address_n = paper_address(
        &mem, &(PaperAddress){ "Resident Alder", "1 Canyon Rd", NULL, NULL, "Portland", "OR", "97221", "US", "US" },
        p->address);
    for (int i = 0; i < PAPER_MONTHS; i++) {
        static const int use[] = { 11, 13, 18, 22, 21, 17, 12, 10, 9, 10, 9, 10, 12 };
        Date end = date_month_end(date_add_months(on(4, 30), i - 12));
        p->month[i] = (PaperMonth){ end, date_ymd(end).day, { use[i] * 1000000 }, i == 7 };
    }
    p->month_n = PAPER_MONTHS;
    return p;
}

static const Locale *reader(const char *language, const char *numbers) {
    return locale_new(&mem, (LocaleSettings){ .language = language,
                                              .currency = "USD",
                                              .number_format = numbers,
                                              .date_format = "MM/DD/YYYY",
                                              .time_zone = "America/Los_Angeles" });
}

static Bytes made(const BillPaper *p, const char *language, const char *numbers) {
    CU_ASSERT_PTR_NULL(paper_refusal(&mem, p));
    Bytes b = bill_paper_pdf(&mem, p, reader(language, numbers));
    CU_ASSERT_PTR_NOT_NULL_FATAL(b.p);
    return b;
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void holds_every_figure(void) {
    const char *w = words_of("april", made(april(), "en", "1,234.56"));
    static const char *const all[] = { "$188.00",
                                       "Due 23 May 2026",
                                       "1,250",
                                       "1,262",
                                       "12 CCF",
                                       "SF-1001",
                                       "WA-BILL-202605-000001",
                                       "Resident Alder",
                                       "1 Canyon Rd",
                                       "Portland, OR 97221",
                                       "$18.20",
                                       "$74.45",
                                       "$92.65",
                                       "$90.72",
                                       "$4.63",
                                       "5 × 4.50 = 22.50; 5 × 6.75 = 33.75",
                                       "2 × 9.10 = 18.20",
                                       "10.8 × 8.40 = 90.72",
                                       "5 % of 92.65",
                                       "1 Apr – 30 Apr 2026",
                                       "30 days",
                                       "PC001001",
                                       "San Francisco Water Authority",
                                       "Page 1 of 2",
                                       "Page 2 of 2",
                                       "0.40 CCF a day",
                                       "https://swa.smart360.test/b/AbCdEfGhIjKlMnOpQrStUv",
                                       "202605000001 0000018800" };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) HAS(w, all[i]);
    SAME_INT(pages_of("april"), 2);
}

static void is_the_same_twice(void) {
    Bytes a = made(april(), "en", "1,234.56"), b = made(april(), "en", "1,234.56");
    SAME_INT(a.n, b.n);
    CU_ASSERT_EQUAL(memcmp(a.p, b.p, a.n < b.n ? a.n : b.n), 0);
}

static void says_what_it_is(void) {
    kept("april", made(april(), "en", "1,234.56"));
    const char *info = out_of(text(&mem, "pdfinfo -isodates %s/april.pdf", folder));
    HAS(info, "Bill WA-BILL-202605-000001");
    HAS(info, "San Francisco Water Authority");
    HAS(info, "Tagged:          yes");
    HAS(info, "612 x 792 pts (letter)");
    HAS(info, "2026-05-02");
    const char *tree = out_of(text(&mem, "pdfinfo -struct %s/april.pdf", folder));
    HAS(tree, "H1");
    HAS(tree, "Table");
    HAS(tree, "TH");
    HAS(out_of(text(&mem, "strings %s/april.pdf", folder)), "/Lang (en)");
    HAS(out_of(text(&mem, "pdffonts %s/april.pdf", folder)), "NotoSans-Regular");
    BillPaper *p = april();
    p->issuer.is_a4 = true;
    kept("a4", made(p, "en", "1,234.56"));
    HAS(out_of(text(&mem, "pdfinfo %s/a4.pdf", folder)), "(A4)");
}

static void speaks_spanish(void) {
    BillPaper *p = april();
    p->consumer_name = "José Ñúñez 王小明";
    p->address[0] = "José Ñúñez 王小明 आशा नायर";
    const char *w = words_of("spanish", made(p, "es", "1.234,56"));
    HAS(w, "Su factura");
    HAS(w, "Vence el 23 may 2026");
    HAS(w, "188,00");
    HAS(w, "5 × 4,50 = 22,50");
    HAS(w, "1.250");
    HAS(w, "José Ñúñez");
    HAS(w, "Página 1 de 2");
}

/* The picture of the page, dot by dot: the dark field at the slip's right is the code of the way to pay. */
static void the_code_leads_to_the_bill(void) {
    kept("april", made(april(), "en", "1,234.56"));
    const char *path = text(&mem, "%s/slip.pgm", folder);
    out_of(text(&mem, "pdftoppm -r 288 -gray -l 1 -singlefile -x 1900 -y 2200 -W 400 -H 440 %s/april.pdf %s/slip",
                folder, folder));
    static unsigned char dots[440][400];
    FILE *f = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    int width, height;
    CU_ASSERT_EQUAL_FATAL(fscanf(f, "P5 %d %d 255", &width, &height), 2);
    fgetc(f);
    CU_ASSERT_EQUAL_FATAL(fread(dots, 400, 440, f), 440);
    fclose(f);
    int left = 400, right = 0, top = 440;
    for (int y = 0; y < 440; y++)
        for (int x = 0; x < 400; x++)
            if (dots[y][x] < 40) {
                if (top == 440) top = y;
                if (y > top + 60) continue;             /* the two upper corners of the code */
                if (x < left) left = x;
                if (x > right) right = x;
            }
    QRcode *code = QRcode_encodeString("https://swa.smart360.test/b/AbCdEfGhIjKlMnOpQrStUv", 0, QR_ECLEVEL_M, QR_MODE_8,
                                       1);
    double one = (double)(right + 1 - left) / code->width;
    CU_ASSERT_TRUE(one * code->width / 288 * 25.4 >= 20);       /* millimetres */
    int wrong = 0;
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width; x++)
            wrong += (dots[top + (int)((y + 0.5) * one)][left + (int)((x + 0.5) * one)] < 128) !=
                     (code->data[y * code->width + x] & 1);
    SAME_INT(wrong, 0);
    QRcode_free(code);
}

static void credit_is_carried(void) {
    BillPaper *p = april();
    p->previous = (Money){ -20000 };
    p->forward = (Money){ -20000 };
    p->due = (Money){ 0 };
    p->carried = (Money){ 1200 };
    const char *w = words_of("credit", made(p, "en", "1,234.56"));
    HAS(w, "$0.00");
    HAS(w, "Credit carried forward $12.00");
    HAS(w, "No payment is needed.");
    CU_ASSERT_PTR_NULL(strstr(w, "Scan to pay"));
}

static void long_bills_run_over_pages(void) {
    BillPaper *p = april();
    PaperLine *lines = take_n(&mem, PaperLine, 70);
    p->total = (Money){ 0 };
    for (int i = 0; i < 70; i++) {
        lines[i] = p->line[1];
        lines[i].description = text(&mem, "Charge number %d", i + 1);
        lines[i].amount = (Money){ 1000 + i };
        p->total = money_add(p->total, lines[i].amount);
    }
    p->line = lines;
    p->line_n = 70;
    p->due = p->current = p->total;
    p->tax = (Money){ 0 };
    const char *w = words_of("long", made(p, "en", "1,234.56"));
    int pages = pages_of("long");
    CU_ASSERT_TRUE(pages >= 3);
    HAS(w, "Charge number 70");
    for (int i = 1; i <= pages; i++) {
        const char *one = out_of(text(&mem, "pdftotext -layout -f %d -l %d %s/long.pdf -", i, i, folder));
        HAS(one, "SF-1001");
        HAS(one, text(&mem, "Page %d of %d", i, pages));
        if (i > 1) HAS(one, "How it was worked out");
    }
}

static void damage_is_refused(void) {
    BillPaper *p = april();
    p->total = (Money){ 18801 };
    SAME_TEXT(paper_refusal(&mem, p), "its lines sum to 188.00, not to 188.01");
    p = april();
    p->due = (Money){ 18700 };
    SAME_TEXT(paper_refusal(&mem, p), "its amount due is not balance and charges");
    p = april();
    p->previous = (Money){ 100 };
    SAME_TEXT(paper_refusal(&mem, p), "its balance before does not sum up");
    p = april();
    p->days = 31;
    SAME_TEXT(paper_refusal(&mem, p), "its days are not those of its period");
    p = april();
    p->consumer_name = "bad \xC3";
    SAME_TEXT(paper_refusal(&mem, p), "a text of it is damaged");
    p = april();
    p->line_n = 0;
    SAME_TEXT(paper_refusal(&mem, p), "it has no lines");
}

static void several_are_joined(void) {
    BillPaper *other = april();
    other->bill_no = "WA-BILL-202605-000002";
    Bytes one = made(april(), "en", "1,234.56"), two = made(other, "es", "1.234,56");
    Bytes all = pdf_join(&mem, (Bytes[]){ one, two, one }, 3);
    CU_ASSERT_PTR_NOT_NULL_FATAL(all.p);
    const char *w = words_of("joined", all);
    HAS(w, "WA-BILL-202605-000001");
    HAS(w, "WA-BILL-202605-000002");
    HAS(w, "$188.00");
    SAME_INT(pages_of("joined"), 3 * pages_of("april"));
    SAME_TEXT(out_of(text(&mem, "pdfinfo %s/joined.pdf 2>&1 | grep -ci error; true", folder)), "0\n");
    HAS(out_of(text(&mem, "pdftotext -f 3 -l 3 %s/joined.pdf -", folder)), "WA-BILL-202605-000002");
    Bytes again = pdf_join(&mem, (Bytes[]){ one, two, one }, 3);
    CU_ASSERT_TRUE(again.n == all.n && !memcmp(again.p, all.p, all.n));
    CU_ASSERT_PTR_NULL(pdf_join(&mem, NULL, 0).p);
    CU_ASSERT_PTR_NULL(pdf_join(&mem, (Bytes[]){ one, { "%PDF-1.4 nothing", 16 } }, 2).p);
    char *cut = take(&mem, one.n);
    for (size_t n = 0; n < one.n; n += one.n / 97) {
        memcpy(cut, one.p, one.n);
        memset(cut + n, 'z', one.n - n < 40 ? one.n - n : 40);
        pdf_join(&mem, (Bytes[]){ { cut, one.n }, two }, 2);
    }
}

static void a_stamp_leaves_the_original(void) {
    Bytes b = made(april(), "en", "1,234.56"), s = pdf_stamp(&mem, b, "Cancelled");
    CU_ASSERT_PTR_NOT_NULL_FATAL(s.p);
    CU_ASSERT_TRUE(s.n > b.n);
    CU_ASSERT_EQUAL(memcmp(s.p, b.p, b.n), 0);
    const char *w = words_of("stamped", s);
    HAS(w, "$188.00");
    SAME_TEXT(out_of(text(&mem, "strings %s/stamped.pdf | grep -c '(Cancelled) Tj'", folder)), "2\n");
    SAME_INT(pages_of("stamped"), 2);
    CU_ASSERT_PTR_NULL(pdf_stamp(&mem, (Bytes){ "%PDF-1.4 nothing", 16 }, "Cancelled").p);
    CU_ASSERT_PTR_NULL(pdf_stamp(&mem, (Bytes){ b.p, b.n / 2 }, "Cancelled").p);
    CU_ASSERT_PTR_NULL(pdf_stamp(&mem, b, "Ungültig").p);
    char *cut = take(&mem, b.n);
    for (size_t n = 0; n < b.n; n += b.n / 97) {            /* whatever is damaged, nothing outside the file is read */
        memcpy(cut, b.p, b.n);
        memset(cut + n, 'z', b.n - n < 40 ? b.n - n : 40);
        pdf_stamp(&mem, (Bytes){ cut, b.n }, "Cancelled");
    }
}

/* bill_segment.readings: by the first day, rounded to what is printed, negative ones too; what is none is none. */
static void readings_of_a_segment(void) {
    PaperReading to[4];
    const char *json = "[{\"meter_no\":\"B\",\"from_on\":\"2026-04-15\",\"to_on\":\"2026-04-30\",\"from\":7,"
                       "\"to\":5.25,\"quantity\":-1.7500004,\"estimated\":null},"
                       "{\"meter_no\":\"A\",\"from_on\":\"2026-03-31\",\"to_on\":\"2026-04-15\",\"from\":1250.5,"
                       "\"to\":\"1262.000\",\"quantity\":11.5,\"estimated\":\"profile\"}]";
    SAME_INT(paper_readings(&mem, json, "CCF", to, 4), 2);
    SAME_TEXT(to[0].meter_no, "A");
    SAME_TEXT(to[0].unit, "CCF");
    SAME_INT(to[0].from.day, on(4, 1).day);
    SAME_INT(to[0].to.day, on(4, 15).day);
    SAME_INT(to[0].from_value.e3, 1250500);
    SAME_INT(to[0].to_value.e3, 1262000);
    SAME_INT(to[0].use.e3, 11500);
    CU_ASSERT_TRUE(to[0].is_estimated);
    SAME_INT(to[1].use.e3, -1750);
    SAME_INT(to[1].to_value.e3, 5250);
    CU_ASSERT_FALSE(to[1].is_estimated);
    SAME_INT(paper_readings(&mem, json, NULL, to, 1), 1);
    SAME_INT(paper_readings(&mem, NULL, NULL, to, 4), 0);
    SAME_INT(paper_readings(&mem, "{", NULL, to, 4), 0);
}

int main(void) {
    const char *out = getenv("PAPER_OUT");
    snprintf(folder, sizeof folder, "%s", out ? out : "/tmp/test_paper_XXXXXX");
    if (!out && !mkdtemp(folder)) return 2;
    if (messages_load(&texts, text(&texts, "%s/views/messages", getenv("srcdir") ? getenv("srcdir") : "."))) return 2;
    int failed = suite_run("paper", (SuiteTest[]){ { "a bill holds every figure", holds_every_figure },
                                                   { "the same facts give the same bytes", is_the_same_twice },
                                                   { "the document says what it is", says_what_it_is },
                                                   { "a bill in Spanish", speaks_spanish },
                                                   { "the code leads to the bill", the_code_leads_to_the_bill },
        { "credit is carried forward", credit_is_carried },
                                                   { "70 lines run over pages", long_bills_run_over_pages },
                                                   { "damaged figures are refused", damage_is_refused },
                                                   { "several are joined", several_are_joined },
                                                   { "readings of a segment", readings_of_a_segment },
                                                   { "a stamp leaves the original", a_stamp_leaves_the_original },
                                                   { 0 } });
    if (!out && !fork()) execlp("rm", "rm", "-rf", folder, NULL);
    wait(NULL);
    arena_end(&mem);
    return failed;
}
