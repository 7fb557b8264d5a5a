/*
 * QR codes: see qr.h.
 */
#include "lib/qr.h"

#include <qrencode.h>

#include "lib/page.h"

enum { QUIET = 4 };

static void add_row(Text *t, const unsigned char *row, int width, int y) {
    for (int x = 0; x < width;) {
        int from = x;
        while (x < width && row[x] & 1) x++;
        if (x > from) text_addf(t, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
        else x++;
    }
}

char *qr_path(Arena *a, const char *text, int *side) {
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (!code) return NULL;
    Text t = text_start(a);
    for (int y = 0; y < code->width; y++) add_row(&t, code->data + y * code->width, code->width, y);
    *side = code->width + 2 * QUIET;
    QRcode_free(code);
    return t.s;
}

void qr_show(Req *r, const char *name, const char *content) {
    int side;
    char *path = qr_path(&r->c.mem, content, &side);
    if (!path) return;
    show_text(r, text(r, "%s.path", name), path);
    show_text(r, text(r, "%s.box", name), text(r, "0 0 %d %d", side, side));
}
