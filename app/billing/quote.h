/*
 * The quote document smart360-quote/1: one tariff and one usage in, one bill out (ONB02US05 calculator, `smart360
 * quote`).
 *
 * JSON is only a shell around tariff_compute, the function that bill runs use. What is wrong with a document is one
 * text with the path of the value: "components[2].tiers[1].upto: must be greater than 10".
 */
#ifndef APP_BILLING_QUOTE_H
#define APP_BILLING_QUOTE_H

#include "app/billing/tariff_rules.h"

enum { QUOTE_BYTES_MAX = 256 * 1024, QUOTE_COMPONENTS_MAX = 200 };

typedef struct {
    const char *problem;        /* NULL: the document is right; the rest is set only then */
    const char *currency;
    Tariff      tariff;         /* period.explain is on */
    Date        start, end;     /* DATE_NONE: the period is given in days alone */
    const char *usage;          /* `usage` as the document has it, compact; NULL: made of tariff.period.usage */
} QuoteDocument;

/* Reads a document of n bytes; all of it is checked. Everything lives in the arena. */
QuoteDocument quote_read(Arena *a, const char *bytes, size_t n);
/* What stopped the computing, with its path: "components[4]: too large". NULL when nothing did. */
const char   *quote_refusal(Arena *a, const Tariff *t, const TariffResult *r);
/* The answer as JSON text, with a line end. */
char         *quote_answer(Arena *a, const QuoteDocument *d, const TariffResult *r);
/* The document of a tariff and a usage: what the calculator exports. Of what quote_read has read, the answer stays the
   same; of a plan (`problem` NULL, dates DATE_NONE or set, usage NULL) rates need charge_type and calc, and fields of
   bills only
   (code, unit, tax_codes, round_qty, tiers_per, valid_from ...) are left out. A use with more than six decimals is
   rounded. */
char         *quote_export(Arena *a, const QuoteDocument *d);
/* Read, computed, answered: true and the answer, or false and the problem. */
bool          quote_run(Arena *a, const char *bytes, size_t n, const char **answer);

#endif
