/*
 * The tree of service areas: see area_rules.h.
 */
#include "app/setup/area_rules.h"

#include <string.h>

const char *const area_levels[AREA_LEVELS] = { "region", "country", "state", "city", "zone", "division", "area",
                                               "sub_area" };

AreaLevel area_level(const char *name) {
    for (AreaLevel l = AREA_REGION; l < AREA_LEVELS; l++)
        if (name && !strcmp(area_levels[l], name)) return l;
    return AREA_LEVELS;
}

unsigned area_levels_used(const char *names) {
    unsigned used = AREA_ALWAYS;
    for (const char *s = names; s && *s; s += strspn(s, ",")) {
        size_t n = strcspn(s, ",");
        for (AreaLevel l = AREA_REGION; l < AREA_LEVELS; l++)
            if (strlen(area_levels[l]) == n && !strncmp(s, area_levels[l], n)) used |= AREA_BIT(l);
        s += n;
    }
    return used;
}

AreaLevel area_parent_level(unsigned used, AreaLevel level) {
    for (int l = (int)level - 1; l >= 0; l--)
        if (used & AREA_BIT(l)) return (AreaLevel)l;
    return AREA_LEVELS;
}

AreaLevel area_child_level(unsigned used, AreaLevel level) {
    for (int l = (int)level + 1; l < AREA_LEVELS; l++)
        if (used & AREA_BIT(l)) return (AreaLevel)l;
    return AREA_LEVELS;
}

bool area_is_below(const char *path, const char *top) {
    size_t n = strlen(top);
    return !strncmp(path, top, n) && (path[n] == 0 || path[n] == '/');
}
