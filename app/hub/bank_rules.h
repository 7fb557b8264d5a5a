/*
 * Statements of a bank as files (ONB03US01 "bank deposit"): lines of SWIFT MT940, and which payout a line may be. Pure.
 */
#ifndef APP_HUB_BANK_RULES_H
#define APP_HUB_BANK_RULES_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/types.h"

enum { BANK_LINES_MAX = 20000, BANK_REFERENCE_MAX = 80, BANK_TEXT_MAX = 300, BANK_NEAR_DAYS = 3 };

/* amount: above zero came in. */
typedef struct { int line_no; Date on; Money amount; const char *reference, *text; } BankLine;
typedef struct { BankLine *v; size_t n; } BankLines;

/* Whether a file is MT940: it has a field :20: and a field :61:. */
bool mt940_is(const char *bytes, size_t n);
/* Its lines; exponent: minor digits of the currency. NULL when good, else what is wrong, with the line. The file may
   have the envelope of SWIFT, several statements, CR LF or LF. */
const char *mt940_read(Arena *a, const char *bytes, size_t n, int exponent, BankLines *to);

/* A payout that no line of the bank is yet, as far as matching asks. */
typedef struct { Id settlement; Money net; Date on; const char *payout; } BankPayout;
typedef struct { Id settlement; bool is_certain; } BankMatch;
/* The same amount within BANK_NEAR_DAYS days; the payout's number in reference or text makes it certain, else that
   there is one only. settlement 0: none, or several of the same amount and no word which. */
BankMatch bank_match(const BankLine *line, const BankPayout *v, size_t n);

#endif
