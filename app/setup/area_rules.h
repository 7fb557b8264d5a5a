/*
 * The tree of service areas (ONB02US08): levels, who may stand under whom, paths. Pure.
 */
#ifndef APP_SETUP_AREA_RULES_H
#define APP_SETUP_AREA_RULES_H

#include <stdbool.h>

#include "lib/arena.h"

/* From above downwards; sub-areas hold the premises. */
typedef enum { AREA_REGION, AREA_COUNTRY, AREA_STATE, AREA_CITY, AREA_ZONE, AREA_DIVISION, AREA_AREA, AREA_SUB_AREA,
               AREA_LEVELS } AreaLevel;

enum { AREA_PATH_MAX = 200, AREA_CODE_MAX = 20 };

/* As stored: "sub_area". */
extern const char *const area_levels[AREA_LEVELS];
/* AREA_LEVELS when there is none of this name. */
AreaLevel area_level(const char *name);

/* A set of levels, one bit each. Region, division, area and sub-area are in use everywhere. */
#define AREA_BIT(level) (1u << (level))
enum { AREA_ALWAYS = AREA_BIT(AREA_REGION) | AREA_BIT(AREA_DIVISION) | AREA_BIT(AREA_AREA) | AREA_BIT(AREA_SUB_AREA) };
/* "country,city" and those that are always there. */
unsigned area_levels_used(const char *names);

/* The level a parent must have: the nearest used one above. AREA_LEVELS for a region, which has none. */
AreaLevel area_parent_level(unsigned used, AreaLevel level);
/* The level of children: the nearest used one below. AREA_LEVELS for a sub-area. */
AreaLevel area_child_level(unsigned used, AreaLevel level);

/* Whether `path` is `top` or lies below it. */
bool area_is_below(const char *path, const char *top);

#endif
