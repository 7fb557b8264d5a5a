/* lib/json: what is refused, access by path, exact numbers, limits (S28), writing. */
#include "lib/json.h"
#include "tests/suite.h"

static Arena mem;

#define COUNT(table) (sizeof (table) / sizeof *(table))

static Json read_text(const char *s, const char **problem) {
    return json_read(&mem, s, strlen(s), 100000, problem);
}

static void refuses(void) {
    static const struct { const char *sent, *problem; } cases[] = {
        { "", "The JSON is empty." }, { "1", NULL }, { "{", NULL }, { "{}x", NULL }, { "{} {}", NULL },
        { "[1,]", NULL }, { "{\"a\":1,\"a\":2}", NULL }, { "{\"a\":\"\\u0000\"}", NULL },
        { "{\"a\":\"\xff\"}", NULL }, { "{\"a\":\"\xc0\xaf\"}", NULL }, { "{\"a\":01}", NULL }, { "{\"a\":+1}", NULL },
        { "{\"a\":NaN}", NULL }, { "{\"a\":9223372036854775808}", NULL },
        { "{\"a\":1e999}", NULL }, { "{'a':1}", NULL }, { "{\"a\":\"\\ud800\"}", NULL }, { "\xef\xbb\xbf{}", NULL },
        { "{\"a\":\"\n\"}", NULL }, { "{\"a\" 1}", "The JSON cannot be read (line 1, column 6)." },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *problem;
        CU_ASSERT_PTR_NULL(read_text(cases[i].sent, &problem).node);
        CU_ASSERT_PTR_NOT_NULL(problem);
        if (cases[i].problem) SAME_TEXT(problem, cases[i].problem);
    }
    CU_ASSERT_PTR_NULL(json_read(&mem, "{\"a\":\"x\0\"}", 10, 100, NULL).node);
    arena_reset(&mem);
}

static void limits(void) {
    char deep[200];
    const char *problem;
    for (int depth = 32; depth <= 33; depth++) {
        memset(deep, '[', (size_t)depth);
        memset(deep + depth, ']', (size_t)depth);
        Json j = json_read(&mem, deep, (size_t)depth * 2, 200, &problem);
        SAME_TEXT(problem, depth == 32 ? NULL : "The JSON is nested too deeply.");
        SAME_INT(json_kind(j), depth == 32 ? JSON_KIND_LIST : JSON_KIND_NONE);
    }
    CU_ASSERT_PTR_NOT_NULL(read_text("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[\"]", NULL).node);
    CU_ASSERT_PTR_NOT_NULL(json_read(&mem, "[1, 2]", 6, 6, NULL).node);
    CU_ASSERT_PTR_NULL(json_read(&mem, "[1, 2]", 6, 5, &problem).node);
    SAME_TEXT(problem, "The JSON is too large.");
    arena_reset(&mem);
}

static void finds(void) {
    const char *problem;
    Json j =
        read_text("{\"id\":\"evt_1\",\"data\":{\"object\":{\"amount\":125050,\"items\":[{\"id\":7},[true,null]],\"a.b\":1.5}},\"big\":9223372036854775807,\"\":{\"\":3}}", &problem);
    SAME_TEXT(problem, NULL);
    int64_t n = -1;
    bool is = false;
    SAME_TEXT(json_text(j, "id"), "evt_1");
    SAME_TEXT(json_text(j, "data"), NULL);
    SAME_TEXT(json_text(j, "data.object.amount"), NULL);
    CU_ASSERT_TRUE(json_int(j, "data.object.amount", &n));
    SAME_INT(n, 125050);
    CU_ASSERT_TRUE(json_int(j, "data.object.items[0].id", &n));
    SAME_INT(n, 7);
    CU_ASSERT_TRUE(json_int(j, "big", &n));
    SAME_INT(n, INT64_MAX);
    CU_ASSERT_TRUE(json_bool(j, "data.object.items[1][0]", &is) && is);
    SAME_INT(json_kind(json_at(j, "data.object.items[1][1]")), JSON_KIND_NULL);
    SAME_INT(json_kind(json_member(json_at(j, "data.object"), "a.b")), JSON_KIND_DECIMAL);
    static const char *const nothing[] = { "x", "id.x", "data.x.y", "data.object.items[2]", "data.object.items[x]",
                                           "data.object.items[]", "data.object.items[-1]", "data[0]", "[0]",
                                           "data.object.items[99999999999999999999]",
                                           "data.object.items[0" };
    n = -1;
    for (size_t i = 0; i < COUNT(nothing); i++) {
        SAME_INT(json_kind(json_at(j, nothing[i])), JSON_KIND_NONE);
        CU_ASSERT_FALSE(json_int(j, nothing[i], &n));
    }
    CU_ASSERT_FALSE(json_int(j, "id", &n));
    CU_ASSERT_FALSE(json_int(json_at(j, "data.object"), "a.b", &n));
    CU_ASSERT_FALSE(json_bool(j, "id", &is));
    SAME_INT(n, -1);
    SAME_INT(json_size(json_at(j, "data.object.items")), 2);
    SAME_INT(json_size(j), 4);
    SAME_INT(json_size(json_at(j, "id")), 0);
    JsonMember *m = json_members(&mem, j);
    SAME_TEXT(m[0].name, "id");
    SAME_TEXT(m[2].name, "big");
    json_members(&mem, json_at(j, "id"));
    SAME_INT(json_size((Json){ 0 }), 0);
    SAME_TEXT(json_text((Json){ 0 }, "a"), NULL);
    arena_reset(&mem);
}

static void numbers(void) {
    static const struct { const char *sent, *is; } cases[] = {
        { "12.5", "12.5" }, { "0.1", "0.1" }, { "-3", "-3" }, { "114.25", "114.25" }, { "1262.125", "1262.125" },
        { "99999999999.999", "99999999999.999" }, { "1e2", "100" }, { "12.50", "12.5" }, { "-0.001", "-0.001" },
        { "9007199254740993", "9007199254740993" }, { "0.1234567890123456", NULL }, { "1e300", NULL },
        { "1e-9", "0.000000001" }, { "11e-06", "0.000011" }, { "-0.0", "0" }, { "-0e-91", "0" }, { "1e-16", NULL },
        { "1e14", "100000000000000" }, { "1e15", NULL }, { "123456789012345.6", NULL }, { "-5.000001", "-5.000001" },
        { "\"1\"", NULL }, { "null", NULL }, { "true", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        SAME_TEXT(json_number(&mem, read_text(text(&mem, "[%s]", cases[i].sent), NULL), "[0]"), cases[i].is);
    arena_reset(&mem);
}

static void writes(void) {
    Text t = text_start(&mem);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_text(&o, "a", "x\"\\\n\t<&>\xc3\xa9\xe2\x80\xa8\xff");
    json_add_int(&o, "n", INT64_MIN);
    json_open_list(&o, "l");
    json_add_bool(&o, NULL, true);
    json_add_null(&o, NULL);
    json_open_object(&o, NULL);
    json_close(&o);
    json_open_list(&o, NULL);
    json_close(&o);
    json_add_number(&o, NULL, "12.50");
    json_close(&o);
    json_add_text(&o, "none", NULL);
    json_add_json(&o, "j", "[1]");
    json_close(&o);
    SAME_TEXT(t.s,
              "{\"a\":\"x\\\"\\\\\\n\\u0009\\u003c\\u0026\\u003e\xc3\xa9\\u2028\xef\xbf\xbd\",\"n\":-9223372036854775808,\"l\":[true,null,{},[],12.50],\"none\":null,\"j\":[1]}");
    Json back = json_read(&mem, t.s, t.n, t.n, NULL);
    SAME_TEXT(json_text(back, "a"), "x\"\\\n\t<&>\xc3\xa9\xe2\x80\xa8\xef\xbf\xbd");
    arena_reset(&mem);
}

int main(void) {
    int status = suite_run("json", (SuiteTest[]){ { "refuses", refuses }, { "limits", limits }, { "finds", finds },
                                                  { "numbers", numbers }, { "writes", writes }, {0} });
    arena_end(&mem);
    return status;
}
