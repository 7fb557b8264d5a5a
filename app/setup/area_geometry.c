/*
 * Boundaries of service areas (ONB02US08): GeoJSON (WGS 84) read strictly, so that the database's geometry functions
 * get nothing they would misread. What is wrong is said with its place: coordinates[0][3].
 */
#include <stdlib.h>
#include <string.h>

#include "app/setup/area.h"
#include "lib/json.h"
#include "lib/messages.h"

enum { POINTS_MAX = 5000, BYTES_MAX = 1024 * 1024, PLACES = 7 };        /* 7 places: a centimetre */

typedef struct Reader { Ctx *c; Text out; int points; const char *problem; } Reader;

static bool wrong(Reader *g, const char *key, const char *where) {
    if (!g->problem) g->problem = msg_format(g->c, g->c->language, key, { "where", where });
    return false;
}

/* Degrees for the comparison with their limits only; what is stored is the text that was sent. */
static bool degree(Reader *g, Json position, size_t i, int limit, const char *where) {
    const char *s = json_rounded(&g->c->mem, position, text(g->c, "[%zu]", i), PLACES);
    if (!s || labs(strtol(s, NULL, 10)) > limit) return wrong(g, "area.geo.position", where);
    text_addf(&g->out, "%s%s", i ? "," : "[", s);
    return true;
}

static bool position(Reader *g, Json p, const char *where) {
    if (json_size(p) < 2) return wrong(g, "area.geo.position", where);
    if (++g->points > POINTS_MAX) return wrong(g, "area.geo.many", where);
    if (!degree(g, p, 0, 180, where) || !degree(g, p, 1, 90, where)) return false;
    text_add(&g->out, "]");
    return true;
}

static bool ring(Reader *g, Json l, const char *where) {
    size_t n = json_size(l);
    if (json_kind(l) != JSON_KIND_LIST || n < 4) return wrong(g, "area.geo.ring", where);
    text_add(&g->out, "[");
    size_t from = g->out.n, first = 0, last = 0;
    for (size_t i = 0; i < n; i++) {
        if (i) text_add(&g->out, ",");
        last = g->out.n;
        if (!position(g, json_item(l, i), text(g->c, "%s[%zu]", where, i))) return false;
        if (!i) first = g->out.n - from;
    }
    if (g->out.n - last != first || memcmp(g->out.s + from, g->out.s + last, first))
        return wrong(g, "area.geo.open", where);
    text_add(&g->out, "]");
    return true;
}

static bool polygon(Reader *g, Json l, const char *where) {
    size_t n = json_size(l);
    if (json_kind(l) != JSON_KIND_LIST || !n) return wrong(g, "area.geo.ring", where);
    text_add(&g->out, "[");
    for (size_t i = 0; i < n; i++) {
        if (i) text_add(&g->out, ",");
        if (!ring(g, json_item(l, i), text(g->c, "%s[%zu]", where, i))) return false;
    }
    text_add(&g->out, "]");
    return true;
}

static bool polygons(Reader *g, Json l) {
    size_t n = json_size(l);
    if (json_kind(l) != JSON_KIND_LIST || !n) return wrong(g, "area.geo.ring", "coordinates");
    text_add(&g->out, "[");
    for (size_t i = 0; i < n; i++) {
        if (i) text_add(&g->out, ",");
        if (!polygon(g, json_item(l, i), text(g->c, "coordinates[%zu]", i))) return false;
    }
    text_add(&g->out, "]");
    return true;
}

const char *area_geometry_read(Ctx *c, const char *sent, const char **problem) {
    Reader g = { .c = c, .out = text_start(c) };
    const char *bad = NULL;
    Json j = json_read(&c->mem, sent, strlen(sent), BYTES_MAX, &bad);
    *problem = NULL;
    if (bad) {
        *problem = msg_format(c, c->language, "area.geo.json", { "problem", bad });
        return NULL;
    }
    const char *type = json_text(j, "type");
    if (type && !strcmp(type, "Feature")) j = json_member(j, "geometry"), type = json_text(j, "type");
    bool many = type && !strcmp(type, "MultiPolygon");
    if (!type || (!many && strcmp(type, "Polygon"))) {
        *problem = msg_format(c, c->language, "area.geo.type", { "type", type ? type : "-" });
        return NULL;
    }
    text_addf(&g.out, "{\"type\":\"%s\",\"coordinates\":", type);
    Json l = json_member(j, "coordinates");
    if (many ? polygons(&g, l) : polygon(&g, l, "coordinates")) {
        text_add(&g.out, "}");
        return g.out.s;
    }
    *problem = g.problem;
    return NULL;
}

/* --- for maps ----------------------------------------------------------------------------------------------------- */

static const char *lat_lon(Ctx *c, Json l) {
    Text t = text_start(c);
    text_add(&t, "[");
    for (size_t i = 0; i < json_size(l); i++) {
        Json p = json_item(l, i);
        text_addf(&t, "%s[%s,%s]", i ? "," : "", json_rounded(&c->mem, p, "[1]", PLACES),
                  json_rounded(&c->mem, p, "[0]", PLACES));
    }
    text_add(&t, "]");
    return t.s;
}

void area_rings(Ctx *c, const char *geometry, void (*each)(void *arg, const char *path), void *arg) {
    Json j = json_read(&c->mem, geometry, strlen(geometry), BYTES_MAX, NULL);
    const char *type = json_text(j, "type");
    Json l = json_member(j, "coordinates");
    if (type && !strcmp(type, "Polygon")) each(arg, lat_lon(c, json_item(l, 0)));
    else for (size_t i = 0; i < json_size(l); i++) each(arg, lat_lon(c, json_item(json_item(l, i), 0)));
}
