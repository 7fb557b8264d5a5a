/*
 * The sample's bills, by the engine and the publishing of every day, and its payments, by the posting of every day (sample.h).
 */
#include "app/billing/sample.h"

#include "app/billing/bill.h"
#include "app/billing/run.h"
#include "app/core/core.h"
#include "lib/db.h"

void sample_bills(Sample *s, int m) { (void)s, (void)m; }
void sample_pay_until(Sample *s, Date day) { (void)s, (void)day; }
