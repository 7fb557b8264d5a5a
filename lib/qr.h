/*
 * QR codes as SVG paths, for pages: views/lib/qr.cs draws what qr_show put into the data set.
 */
#ifndef LIB_QR_H
#define LIB_QR_H

#include "lib/req.h"

/* The path of all dark modules ("M4 4h7v1h-7z ..."), each module 1 wide, four modules of quiet zone around; the side in
 * modules in *side. NULL when the text is too long for a code (about 2,300 bytes). Error correction M. */
char *qr_path(Arena *a, const char *text, int *side);
/* <name>.path and <name>.box ("0 0 41 41"); nothing when there is no code. */
void qr_show(Req *r, const char *name, const char *text);

#endif
