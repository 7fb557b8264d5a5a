/*
 * What an SVG may hold: see svg_rules.h. Read by expat, so that no way of writing an entity hides a word.
 */
#include "app/core/svg_rules.h"

#include <expat.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

typedef struct Look { XML_Parser parser; bool is_svg, is_active; int depth; } Look;

/* After a prefix: "svg:script" is a script too. */
static const char *local_name(const char *name) {
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static bool is_one_of(const char *s, const char *const *words) {
    for (; *words; words++)
        if (!strcasecmp(s, *words)) return true;
    return false;
}

static bool has_word(const char *s, const char *word) {
    size_t n = strlen(word);
    for (; *s; s++)
        if (!strncasecmp(s, word, n)) return true;
    return false;
}

/* url(#gradient) is within the file, every other url( is not. */
static bool leads_out(const char *s) {
    for (; *s; s++) {
        if (strncasecmp(s, "url(", 4)) continue;
        const char *to = s + 4;
        while (*to == ' ' || *to == '\'' || *to == '"') to++;
        if (*to != '#') return true;
    }
    return false;
}

static bool is_active_value(const char *name, const char *value) {
    if (!strncasecmp(name, "on", 2)) return true;
    if (!strcasecmp(name, "href") || !strcasecmp(name, "src")) {
        bool picture = !strncasecmp(value, "data:image/png;", 15) || !strncasecmp(value, "data:image/jpeg;", 16);
        return value[0] != '#' && !picture;
    }
    return has_word(value, "javascript:") || has_word(value, "@import") || has_word(value, "expression(")
        || leads_out(value);
}

static void element(void *arg, const char *name, const char **attributes) {
    static const char *const active[] = { "script", "foreignObject", "iframe", "object", "embed", "audio", "video", "a",
        "handler", "listener", "animate", "animateMotion", "animateTransform", "set", "discard", NULL };
    Look *l = arg;
    const char *local = local_name(name);
    if (!l->depth++) l->is_svg = !strcasecmp(local, "svg");
    l->is_active |= is_one_of(local, active);
    for (; attributes[0]; attributes += 2) l->is_active |= is_active_value(local_name(attributes[0]), attributes[1]);
}

static void element_end(void *arg, const char *name) {
    (void)name;
    ((Look *)arg)->depth--;
}

/* The words of a style sheet in the file. */
static void words(void *arg, const char *s, int n) {
    Look *l = arg;
    char piece[257];
    for (int at = 0; at < n; at += 200) {                       /* pieces overlap: no word is cut */
        int size = n - at < 256 ? n - at : 256;
        memcpy(piece, s + at, (size_t)size);
        piece[size] = 0;
        l->is_active |= has_word(piece, "@import") || has_word(piece, "expression(") || leads_out(piece);
    }
}

static void entity(void *arg, const char *name, int is_parameter, const char *value, int n, const char *base,
                   const char *system, const char *public, const char *notation) {
    (void)name, (void)is_parameter, (void)value, (void)n, (void)base, (void)system, (void)public, (void)notation;
    Look *l = arg;
    l->is_active = true;
    XML_StopParser(l->parser, XML_FALSE);
}

static void instruction(void *arg, const char *target, const char *data) {
    (void)data;
    ((Look *)arg)->is_active |= !strncasecmp(target, "xml-", 4);
}

static void free_parser(void *parser) { XML_ParserFree(parser); }

const char *svg_refusal(const void *bytes, size_t n) {
    static const char active[] = "The logo file contains active content.", damaged[] = "The picture is damaged.";
    if (n > 16 * 1024 * 1024) return damaged;
    Arena a = { 0 };
    Look l = { .parser = XML_ParserCreate(NULL) };
    if (!l.parser) return damaged;
    arena_later(&a, free_parser, l.parser);
    XML_SetUserData(l.parser, &l);
    XML_SetElementHandler(l.parser, element, element_end);
    XML_SetCharacterDataHandler(l.parser, words);
    XML_SetEntityDeclHandler(l.parser, entity);
    XML_SetProcessingInstructionHandler(l.parser, instruction);
    bool whole = XML_Parse(l.parser, bytes, (int)n, 1) == XML_STATUS_OK;
    arena_end(&a);
    if (l.is_active) return active;
    return whole && l.is_svg ? NULL : damaged;
}
