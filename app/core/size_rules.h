/*
 * Sizes of meters (ONB02US05, CIS01US02): by them fixed charges differ and plans are limited. Pure.
 */
#ifndef APP_CORE_SIZE_RULES_H
#define APP_CORE_SIZE_RULES_H

#include "lib/types.h"

/* By width, in thousandths of a millimetre: none, 5/8, 3/4, 1, 1-1/2, 2, 3, 4, 6, 8, 10 inches, 15 to 300 mm ("20",
 * "20 mm"); -1: no such size. */
int64_t meter_size_rank(const char *size);
/* Between both, which may be NULL; a size that is not known (NULL, or none of the above) is. */
bool meter_size_within(const char *size, const char *least, const char *most);

#endif
