/* A utility's own colour: what is readable on it, and that every derived colour keeps its contrast. */
#include "tests/suite.h"

#include <stdlib.h>

#include "lib/colour.h"

static Arena arena;

static void parse(void) {
    static const char *const wrong[] = { NULL, "", "#", "#12345", "#1234567", "0f5fa6", "#0f5fag", "#0f5fa ", " #0f5fa",
                                         "red", "#00000\xC3" };
    uint32_t rgb = 0;
    CU_ASSERT(colour_parse("#0F5fa6", &rgb));
    SAME_INT(rgb, 0x0F5FA6);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CU_ASSERT_FALSE(colour_parse(wrong[i], &rgb));
}

static void contrast(void) {
    SAME_INT(colour_contrast(0, 0xFFFFFF), 2100);
    SAME_INT(colour_contrast(0x123456, 0x123456), 100);
    SAME_INT(colour_contrast(0xFFFFFF, 0x767676), 454);
    SAME_INT(colour_contrast(0x767676, 0xFFFFFF), 454);
}

static void readable(void) {
    SAME_INT(colour_readable(0x0F5FA6), 0x0F5FA6);
    SAME_INT(colour_readable(0x767676), 0x767676);
    SAME_INT(colour_readable(0x777777), 0x727272);
    static const uint32_t light[] = { 0xFFCC00, 0xFFFFFF, 0x00FF00, 0xFF69B4 };
    for (size_t i = 0; i < sizeof light / sizeof *light; i++) {
        uint32_t shade = colour_readable(light[i]);
        CU_ASSERT(colour_contrast(shade, 0xFFFFFF) >= COLOUR_READABLE);
        CU_ASSERT(colour_contrast(shade, 0xFFFFFF) < 620);              /* no darker than it must be */
    }
}

static uint32_t token(const char *css, const char *name) {
    const char *at = strstr(css, name);
    return at ? (uint32_t)strtoul(at + strlen(name), NULL, 16) : 0;
}

static void derived(void) {
    int tried = 0;
    for (uint32_t r = 0; r <= 255; r += 15)
        for (uint32_t g = 0; g <= 255; g += 15)
            for (uint32_t b = 0; b <= 255; b += 15) {
                uint32_t rgb = r << 16 | g << 8 | b;
                tried++;
                ArenaMark m = mark(&arena);
                const char *css = colour_brand_css(&arena, rgb), *dark = strstr(css, "dark]{");
                CU_ASSERT_PTR_NOT_NULL_FATAL(dark);
                CU_ASSERT(colour_contrast(0xFFFFFF, token(css, "--primary:#")) >= 450);
                CU_ASSERT(colour_contrast(0xFFFFFF, token(css, "--primary-hover:#")) >= 450);
                CU_ASSERT(colour_contrast(token(css, "--link:#"), token(css, "--primary-soft:#")) >= 450);
                CU_ASSERT(colour_contrast(token(css, "--link:#"), 0xFFFFFF) >= 450);
                CU_ASSERT(colour_contrast(token(css, "--focus:#"), 0xF5F7F9) >= 300);
                CU_ASSERT(colour_contrast(token(dark, "--link:#"), token(dark, "--primary-soft:#")) >= 450);
                CU_ASSERT(colour_contrast(token(dark, "--link:#"), 0x1D2530) >= 450);
                CU_ASSERT(colour_contrast(token(dark, "--c1:#"), 0x1D2530) >= 300);
                rewind_to(&arena, m);
            }
    CU_ASSERT(tried > 1000);
}

int main(void) {
    int failed = suite_run("colour", (SuiteTest[]){ { "only # and six digits", parse },
                                                    { "contrast as WCAG has it", contrast },
                                                    { "a light one has a readable shade", readable },
                                                    { "every derived colour keeps its contrast", derived }, {0} });
    arena_end(&arena);
    return failed;
}
