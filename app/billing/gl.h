/*
 * GL codes and their pages, within app/billing.
 */
#ifndef APP_BILLING_GL_H
#define APP_BILLING_GL_H

#include "lib/resource.h"

extern const Resource gl_code;

#endif
