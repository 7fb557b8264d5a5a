/* lib/request: path, query, cookies, headers, addresses,
 * redirects. Limits are tried at the limit and one above (S28). */
#include "lib/request.h"
#include "tests/suite.h"

#include <stdlib.h>

static Arena mem;

#define COUNT(table) (sizeof (table) / sizeof *(table))

/* "a=1&b=" shown as "a=1;b=;", or the status when refused. Bytes between are shown as they are. */
static const char *shown(const Params *p, Parsed parsed) {
    if (parsed.status) return text(&mem, "%d", parsed.status);
    Text t = text_start(&mem);
    text_add(&t, "");
    for (size_t i = 0; i < p->n; i++) {
        SAME_INT(strlen(p->v[i].value), p->v[i].length);
        text_addf(&t, "%s=%s;", p->v[i].name, p->v[i].value);
    }
    return t.s;
}

static void reads_queries(void) {
    static const struct { const char *sent, *is; } cases[] = {
        { "", "" }, { "a=1", "a=1;" }, { "a=1&b=2", "a=1;b=2;" }, { "a", "a=;" }, { "a=", "a=;" }, { "=", "=;" },
        { "=1", "=1;" },
        { "&&a=1&&", "a=1;" }, { "a=1=2", "a=1=2;" }, { "a=x+y%20z%2B", "a=x y z+;" }, { "%61%3D=%26%3d", "a==&=;" },
        { "a=1&a=2", "a=1;a=2;" }, { "f.FileHandle=1", "f.FileHandle=1;" }, { "a[]=1", "a[]=1;" },
        { "a;b=1", "a;b=1;" },
        { "n=%C3%A9", "n=\xc3\xa9;" }, { "n=\xc3\xa9", "n=\xc3\xa9;" }, { "n=%F0%9F%92%A7", "n=\xf0\x9f\x92\xa7;" },
        { "a=%0d%0A%09", "a=\r\n\t;" },
        { "a=%", "400" }, { "a=%1", "400" }, { "a=%zz", "400" }, { "a=%1g", "400" }, { "%=1", "400" },
        { "a=%00", "400" }, { "a%00b=1", "400" },
        { "a=%C3", "400" }, { "a=%C3(", "400" }, { "a=%C0%AF", "400" }, { "a=%ED%A0%80", "400" },
        { "a=%F4%90%80%80", "400" }, { "a=\xff", "400" },
        { "a=%E0%80%80", "400" }, { "a=%F0%80%80%80", "400" }, { "a=%F5%80%80%80", "400" }, { "a=%80", "400" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Params p = params_start(&mem);
        SAME_TEXT(shown(&p, urlencoded_parse(&p, cases[i].sent, strlen(cases[i].sent))), cases[i].is);
    }
    Params p = params_start(&mem);
    SAME_INT(urlencoded_parse(&p, "a\0b=1", 5).status, 400);
    arena_reset(&mem);
}

static Parsed parse_fields(size_t count) {
    Params p = params_start(&mem);
    Text t = text_start(&mem);
    for (size_t i = 0; i < count; i++) text_add(&t, "a=1&");
    Parsed parsed = urlencoded_parse(&p, t.s, t.n);
    if (!parsed.status) SAME_INT(p.n, count);
    return parsed;
}

static void keeps_limits(void) {
    SAME_INT(parse_fields(1000).status, 0);
    SAME_INT(parse_fields(1001).status, 413);
    char *name = take(&mem, 300);
    memset(name, 'n', 257);
    Params p = params_start(&mem);
    SAME_INT(urlencoded_parse(&p, name, 256).status, 0);
    SAME_INT(urlencoded_parse(&p, name, 257).status, 413);
    char *big = take(&mem, REQUEST_FORM_MAX + 1);
    memset(big, '&', REQUEST_FORM_MAX + 1);
    SAME_INT(urlencoded_parse(&p, big, REQUEST_FORM_MAX).status, 0);
    SAME_INT(urlencoded_parse(&p, big, REQUEST_FORM_MAX + 1).status, 413);
    arena_reset(&mem);
}

static void finds_parameters(void) {
    Params p = params_start(&mem);
    urlencoded_parse(&p, "a=1&b=2&a=3&A=4", 15);
    SAME_TEXT(param_find(&p, "a"), "1");
    SAME_TEXT(param_find(&p, "A"), "4");
    SAME_TEXT(param_find(&p, "c"), NULL);
    SAME_INT(param_count(&p, "a"), 2);
    SAME_INT(param_count(&p, "c"), 0);
    Texts all = param_all(&mem, &p, "a");
    SAME_INT(all.n, 2);
    SAME_TEXT(all.v[1], "3");
    SAME_INT(param_all(&mem, &p, "c").n, 0);
    arena_reset(&mem);
}

static void reads_cookies(void) {
    static const struct { const char *sent, *is; } cases[] = {
        { "", "" }, { "a=1", "a=1;" }, { "a=1; b=2", "a=1;b=2;" }, { "a=1;b=2", "a=1;b=2;" },
        { "a=1;  b=2 ;", "a=1;b=2;" }, { "a=", "a=;" },
        { "__Host-s360_sid=abc_-DEF", "__Host-s360_sid=abc_-DEF;" }, { "a=b=c==", "a=b=c==;" }, { "a=%41", "a=%41;" },
        { "a=\"x y\"", "a=\"x y\";" },
        { "a=1; a=2", "a=1;a=2;" }, { ";;; a=1", "a=1;" },
        /* what others spoil is skipped, ours stays */
        { "lonely; a=1", "a=1;" }, { "=x; a=1", "a=1;" }, { "b c=2; a=1", "a=1;" }, { "x=\xff; a=1", "a=1;" },
        { "x=\x01; a=1", "a=1;" }, { "{}=1; a=1", "a=1;" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Params p = params_start(&mem);
        SAME_TEXT(shown(&p, cookies_parse(&p, cases[i].sent, strlen(cases[i].sent))), cases[i].is);
    }
    Text t = text_start(&mem);
    for (int i = 0; i < 200; i++) text_add(&t, "a=1;");
    Params p = params_start(&mem);
    SAME_INT(cookies_parse(&p, t.s, t.n).status, 0);
    text_add(&t, "a=1;");
    SAME_INT(cookies_parse(&p, t.s, t.n).status, 400);
    p = params_start(&mem);
    SAME_INT(cookies_parse(&p, "x=\0; a=1", 8).status, 0);
    SAME_INT(p.n, 1);
    arena_reset(&mem);
}

static const char *path_shown(const Path *path, Parsed parsed) {
    if (parsed.status) return text(&mem, "%d", parsed.status);
    Text t = text_start(&mem);
    text_addf(&t, "%s", path->text);
    for (size_t i = 0; i < path->n; i++) text_addf(&t, "|%s", path->segment[i]);
    if (path->ends_with_slash) text_add(&t, "|");
    return t.s;
}

static void reads_paths(void) {
    static const struct { const char *sent, *is; } cases[] = {
        { "/", "/|" }, { "/a", "/a|a" }, { "/a/", "/a/|a|" },
        { "/u/swa-w/bx/runs/12", "/u/swa-w/bx/runs/12|u|swa-w|bx|runs|12" },
        { "/a%20b", "/a b|a b" }, { "/a+b", "/a+b|a+b" }, { "/%61", "/a|a" }, { "/%C3%A9", "/\xc3\xa9|\xc3\xa9" },
        { "/...", "/...|..." }, { "/.well-known", "/.well-known|.well-known" },
        { "/n/WA%2FCUST%2F1", "/n/WA/CUST/1|n|WA/CUST/1" }, { "/a;b", "/a;b|a;b" }, { "/a%253Fb", "/a%3Fb|a%3Fb" },
        { "", "400" }, { "a", "400" }, { "*", "400" }, { "http://x/", "400" }, { "//", "400" }, { "//a", "400" },
        { "/a//b", "400" }, { "/a//", "400" },
        { "/.", "400" }, { "/..", "400" }, { "/a/../b", "400" }, { "/a/./b", "400" }, { "/a/..", "400" },
        { "/%2e%2e/b", "400" }, { "/%2E", "400" }, { "/.%2e/", "400" },
        { "/a/x%2F..%2Fb", "400" }, { "/%2F", "400" }, { "/a%2F", "400" }, { "/%2Fa", "400" }, { "/a%2F%2Fb", "400" },
        { "/..%2f", "400" },
        { "/a%5Cb", "400" }, { "/a\\b", "400" }, { "/%00", "400" }, { "/a%0ab", "400" }, { "/a%7f", "400" },
        { "/%", "400" }, { "/%4", "400" }, { "/%gg", "400" },
        { "/%C0%AE", "400" }, { "/\xff", "400" }, { "/%ff", "400" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Path path;
        SAME_TEXT(path_shown(&path, path_parse(&mem, cases[i].sent, strlen(cases[i].sent), &path)), cases[i].is);
    }
    char *longest = take(&mem, REQUEST_PATH_MAX + 2);
    memset(longest, 'a', REQUEST_PATH_MAX + 1);
    longest[0] = '/';
    Path path;
    SAME_INT(path_parse(&mem, longest, REQUEST_PATH_MAX, &path).status, 0);
    SAME_INT(path_parse(&mem, longest, REQUEST_PATH_MAX + 1, &path).status, 400);
    for (int i = 0; i < 66; i++) longest[i] = i % 2 ? 'a' : '/';
    SAME_INT(path_parse(&mem, longest, 64, &path).status, 0);
    SAME_INT(path.n, 32);
    SAME_INT(path_parse(&mem, longest, 66, &path).status, 400);
    arena_reset(&mem);
}

static void reads_targets(void) {
    Path path;
    Params query = params_start(&mem);
    SAME_INT(target_parse(&mem, "/a/b?x=1&y=?", &path, &query).status, 0);
    SAME_TEXT(path.text, "/a/b");
    SAME_TEXT(param_find(&query, "y"), "?");
    query = params_start(&mem);
    SAME_INT(target_parse(&mem, "/?", &path, &query).status, 0);
    SAME_INT(query.n, 0);
    SAME_INT(target_parse(&mem, "/a?%", &path, &query).status, 400);
    SAME_INT(target_parse(&mem, "?a=1", &path, &query).status, 400);
    char *uri = take(&mem, REQUEST_QUERY_MAX + 4);
    memset(uri, '&', REQUEST_QUERY_MAX + 3);
    uri[0] = '/', uri[1] = '?';
    SAME_INT(target_parse(&mem, uri, &path, &query).status, 413);
    uri[REQUEST_QUERY_MAX + 2] = 0;
    SAME_INT(target_parse(&mem, uri, &path, &query).status, 0);
    arena_reset(&mem);
}

static void knows_own_paths(void) {
    static const char *const own[] = { "/", "/a", "/u/swa-w/bx?x=1#y", "/a//b", "/%", "/login?next=%2F%2Fx" };
    static const char *const foreign[] = { NULL, "", "a", "//x", "/\\x", "https:x", "https://x/", "%2f%2fx", "/%2fx",
                                           "/%5Cx", "\\/x", "/a\r\nb", "/a\nb", "/\tx",
                                           "/\x7f", "/a\\b", " /a", "/\xff", "javascript:x" };
    for (size_t i = 0; i < COUNT(own); i++) CU_ASSERT_TRUE(path_is_own(own[i]));
    for (size_t i = 0; i < COUNT(foreign); i++) CU_ASSERT_FALSE(path_is_own(foreign[i]));
}

static void reads_content_types(void) {
    static const struct { const char *sent; int status; BodyKind kind; const char *type, *boundary; } cases[] = {
        { NULL, 0, BODY_NONE, "", NULL }, { "", 0, BODY_NONE, "", NULL },
        { "application/x-www-form-urlencoded", 0, BODY_URLENCODED, "application/x-www-form-urlencoded", NULL },
        { "Application/X-WWW-Form-Urlencoded; charset=UTF-8", 0, BODY_URLENCODED, "application/x-www-form-urlencoded",
          NULL },
        { "application/x-www-form-urlencoded;charset=\"utf-8\"", 0, BODY_URLENCODED,
          "application/x-www-form-urlencoded", NULL },
        { "application/json ; charset=utf8;", 0, BODY_JSON, "application/json", NULL },
        { "multipart/form-data; boundary=----WebKitFormBoundaryAbC", 0, BODY_MULTIPART, "multipart/form-data",
          "----WebKitFormBoundaryAbC" },
        { "multipart/form-data; boundary=\"a b\"; charset=utf-8", 0, BODY_MULTIPART, "multipart/form-data", "a b" },
        { "multipart/form-data; BOUNDARY=\"a\\b\"", 0, BODY_MULTIPART, "multipart/form-data", "ab" },
        { "text/csv; boundary=x; charset=latin1", 0, BODY_OTHER, "text/csv", NULL },
        { "multipart/form-data", 400, 0, NULL, NULL }, { "multipart/form-data; boundary=", 400, 0, NULL, NULL },
        { "multipart/form-data; boundary=\"\"", 400, 0, NULL, NULL },
        { "multipart/form-data; boundary=\"a \"", 400, 0, NULL, NULL },
        { "multipart/form-data; boundary=\"a", 400, 0, NULL, NULL }, { "multipart/form-data; boundary=\"a\\", 400, 0,
            NULL, NULL },
        { "multipart/form-data; boundary=a; boundary=b", 400, 0, NULL, NULL },
        { "multipart/form-data; boundary=a b", 400, 0, NULL, NULL }, { "multipart/form-data; boundary=\"a\x7f\"", 400,
            0, NULL, NULL },
        { "multipart/form-data; boundary=\"a*b\"", 400, 0, NULL, NULL },
        { "application/json; charset=utf-16", 400, 0, NULL, NULL }, { "application/json; charset", 400, 0, NULL, NULL },
        { "text", 400, 0, NULL, NULL }, { "/x", 400, 0, NULL, NULL }, { "text/", 400, 0, NULL, NULL },
        { "text/html, text/plain", 400, 0, NULL, NULL }, { "text/html;;", 400, 0, NULL, NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ContentType type;
        Parsed parsed = content_type_parse(&mem, cases[i].sent, &type);
        SAME_INT(parsed.status, cases[i].status);
        if (parsed.status || cases[i].status) continue;
        SAME_INT(type.kind, cases[i].kind);
        SAME_TEXT(type.type, cases[i].type);
        SAME_TEXT(type.boundary, cases[i].boundary);
    }
    char header[128] = "multipart/form-data; boundary=";
    memset(header + 30, 'b', 70);
    ContentType type;
    SAME_INT(content_type_parse(&mem, header, &type).status, 0);
    header[100] = 'b';
    SAME_INT(content_type_parse(&mem, header, &type).status, 400);
    arena_reset(&mem);
}

static void reads_lengths(void) {
    static const struct { const char *sent; int64_t is; } cases[] = {
        { NULL, 0 }, { "", 0 }, { "0", 0 }, { "17", 17 }, { "999999999999999", 999999999999999 }, { "007", 7 },
        { "1000000000000000", -1 }, { "-1", -1 }, { "+1", -1 }, { " 1", -1 }, { "1 ", -1 }, { "1,1", -1 },
        { "0x1", -1 }, { "1e3", -1 }, { "1.0", -1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t n;
        Parsed parsed = content_length_parse(cases[i].sent, &n);
        SAME_INT(parsed.status ? -1 : n, cases[i].is);
    }
}

static void reads_hosts(void) {
    static const struct { const char *sent, *is; } cases[] = {
        { "swa.smart360.test", "swa.smart360.test" }, { "SWA.Smart360.TEST:8443", "swa.smart360.test" },
        { "localhost", "localhost" }, { "localhost.", "localhost" },
        { "127.0.0.1:80", "127.0.0.1" }, { "[::1]:8360", "[::1]" }, { "[::0:1]", "[::1]" }, { "a_b.test", "a_b.test" },
        { NULL, NULL }, { "", NULL }, { ":80", NULL }, { ".", NULL }, { ".a", NULL }, { "a..b", NULL }, { "a b", NULL },
            { "a/b", NULL }, { "a:b", NULL }, { "a:123456", NULL }, { "a@b", NULL },
        { "[::1", NULL }, { "[::1]x", NULL }, { "[x]", NULL }, { "\xc3\xa9.test", NULL }, { "a\r\n", NULL },
        { "a,b", NULL },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) SAME_TEXT(host_parse(&mem, cases[i].sent), cases[i].is);
    arena_reset(&mem);
}

static void reads_addresses(void) {
    static const struct { const char *sent, *is; } cases[] = {
        { "203.0.113.9", "203.0.113.9" }, { "::1", "::1" }, { "2001:DB8::1", "2001:db8::1" },
        { "::ffff:203.0.113.9", "203.0.113.9" }, { "0.0.0.0", "0.0.0.0" },
        { "", NULL }, { "1.2.3", NULL }, { "1.2.3.4.5", NULL }, { "256.1.1.1", NULL }, { "01.2.3.4", NULL },
        { "1.2.3.4:80", NULL }, { "[::1]", NULL }, { "fe80::1%eth0", NULL },
        { "2130706433", NULL }, { "0x7f.1", NULL }, { " 1.2.3.4", NULL }, { "1.2.3.4, 5.6.7.8", NULL },
        { "unix:", NULL }, { "1:2:3:4:5:6:7:8:9", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Address address;
        bool good = address_parse(cases[i].sent, &address);
        SAME_TEXT(good ? address_text(&mem, &address) : NULL, cases[i].is);
    }
    arena_reset(&mem);
}

static void knows_networks(void) {
    static const struct { const char *network, *address; int has; } cases[] = {
        { "203.0.113.0/24", "203.0.113.9", 1 }, { "203.0.113.0/24", "203.0.114.9", 0 },
        { "203.0.113.9", "203.0.113.9", 1 }, { "203.0.113.9/32", "203.0.113.8", 0 },
        { "0.0.0.0/0", "8.8.8.8", 1 }, { "0.0.0.0/0", "::1", 0 }, { "::/0", "8.8.8.8", 1 },
        { "10.0.0.0/9", "10.127.255.255", 1 }, { "10.0.0.0/9", "10.128.0.0", 0 },
        { "2001:db8::/32", "2001:db8:ffff::1", 1 }, { "2001:db8::/32", "2001:db9::1", 0 },
        { "127.0.0.0/8", "::ffff:127.0.0.1", 1 }, { "::ffff:127.0.0.0/104", "127.9.9.9", 1 },
        { "203.0.113.9/24", "", -1 }, { "203.0.113.0/33", "", -1 }, { "203.0.113.0/", "", -1 },
        { "203.0.113.0/024", "", -1 }, { "203.0.113.0/-1", "", -1 }, { "::/129", "", -1 }, { "x/8", "", -1 },
        { "", "", -1 },
        { "1.2.3.4/1x", "", -1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Network network;
        Address address;
        bool good = network_parse(cases[i].network, &network);
        SAME_INT(good, cases[i].has >= 0);
        if (good && address_parse(cases[i].address, &address)) SAME_INT(network_has(&network, &address), cases[i].has);
    }
}

int main(void) {
    int status = suite_run("request", (SuiteTest[]){
        { "reads queries", reads_queries }, { "keeps limits", keeps_limits }, { "finds parameters", finds_parameters },
        { "reads cookies", reads_cookies },
        { "reads paths", reads_paths }, { "reads targets", reads_targets }, { "knows own paths", knows_own_paths },
        { "reads content types", reads_content_types },
        { "reads lengths", reads_lengths }, { "reads hosts", reads_hosts }, { "reads addresses", reads_addresses },
        { "knows networks", knows_networks }, {0} });
    arena_end(&mem);
    return status;
}
