/*
 * Check digits by Luhn, and card numbers where none may be (assurance S24: no card number ever reaches us).
 * Pure.
 */
#ifndef LIB_CARD_H
#define LIB_CARD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

/* The digit that makes n digits valid when it is put behind them: "001234" gives '4'. */
char luhn_digit(const char *digits, size_t n);
/* Whether n digits, the last one being the check digit, are valid. */
bool luhn_valid(const char *digits, size_t n);

/* Finds the first text that looks like a card number: 13 to 19 digits, valid by Luhn, unbroken or in the groups that
 * are usual for cards separated by one blank, dash or dot; not beginning with 0, which no issuer has. Longer unbroken
 * rows of digits are none. True with where it begins and how many bytes it takes. */
bool card_number_find(const char *s, size_t *start, size_t *length);
/* The text with all but the last four digits of each card number replaced by "*"; the text itself when it has none. */
const char *card_numbers_masked(Arena *a, const char *s);

#endif
