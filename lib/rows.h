/*
 * Rows: one list declares a struct and how it is read from a result.
 *
 *   #define BILL(F, T) F(T, Id, id) F(T, const char *, bill_no) F(T, Date, due_on) F(T, Money, total_minor)
 *   ROW(Bill, BILL)
 *
 * gives struct Bill, the list Bills { Bill *v; size_t n; } and Bill_shape. Columns are read by position; `smart360
 * lint` proves that their names are those of the fields (a field `state` may be selected as `x.state`).
 */
#ifndef LIB_ROWS_H
#define LIB_ROWS_H

#include <stddef.h>

#include "lib/types.h"

typedef struct Bytes { const void *p; size_t n; } Bytes;       /* binary columns: hashes, tokens, bodies */

typedef enum Kind {
    KIND_END, KIND_ID, KIND_MONEY, KIND_DATE, KIND_TIME, KIND_QUANTITY, KIND_PRICE, KIND_READING,
    KIND_TEXT, KIND_INT, KIND_INT64, KIND_BOOL, KIND_BYTES
} Kind;

typedef struct RowField { const char *name; Kind kind; size_t offset; } RowField;
typedef struct RowShape { const char *type; size_t size; size_t fields; const RowField *field; } RowShape;
typedef struct RowList  { void *v; size_t n; } RowList;

#define KIND_OF(type) _Generic((type){ 0 },                                                         \
    Id: KIND_ID, Money: KIND_MONEY, Date: KIND_DATE, Time: KIND_TIME, Quantity: KIND_QUANTITY,      \
    Price: KIND_PRICE, Reading: KIND_READING, const char *: KIND_TEXT, char *: KIND_TEXT,           \
    int: KIND_INT, long: KIND_INT64, long long: KIND_INT64, bool: KIND_BOOL, Bytes: KIND_BYTES)

#define ROW_MEMBER(T, type, name) type name;
#define ROW_READER(T, type, name) { #name, KIND_OF(type), offsetof(T, name) },
#define ROW(T, LIST)                                                                                \
    typedef struct T { LIST(ROW_MEMBER, T) } T;                                                     \
    typedef struct { T *v; size_t n; } T##s __attribute__((unused));                                \
    static const RowField T##_fields[] = { LIST(ROW_READER, T) };                                   \
    static const RowShape T##_shape __attribute__((unused)) =                                       \
        { #T, sizeof(T), sizeof T##_fields / sizeof *T##_fields, T##_fields };

#endif
