/* lib/mail: the message byte by byte, what is refused (S22), and how sending ends (F15) against a server of our own. */
#include "lib/mail.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/date.h"
#include "tests/double.h"
#include "tests/suite.h"

static Arena mem;
static int   port;
static char  kept_file[] = "/tmp/smart360-mail-XXXXXX";

/* ---- an SMTP server: what it does depends on the recipient ---- */

static void say(int fd, const char *s) {
    ssize_t n = write(fd, s, strlen(s));
    (void)n;
}

static bool line_of(FILE *f, char *to, size_t room) { return fgets(to, (int)room, f) != NULL; }

static void serve_one(int fd) {
    FILE *in = fdopen(fd, "r");
    char line[2000], to[200] = "";
    say(fd, "220 test\r\n");
    while (line_of(in, line, sizeof line)) {
        if (!strncmp(line, "EHLO", 4)) say(fd, "250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n");
        else if (!strncmp(line, "AUTH PLAIN", 10)) {
            if (!line[10] || line[10] == '\r') say(fd, "334 \r\n"), line_of(in, line, sizeof line);
            say(fd, strstr(line, "AHUAcA==") ? "235 ok\r\n" : "535 5.7.8 wrong\r\n");       /* \0u\0p */
        }
        else if (!strncmp(line, "MAIL", 4)) say(fd, "250 ok\r\n");
        else if (!strncmp(line, "RCPT", 4)) {
            snprintf(to, sizeof to, "%.199s", line);
            say(fd, strstr(to, "soft@") ? "450 4.2.1 later\r\n" : strstr(to, "hard@") ? "550 5.1.1 no such user\r\n"
                : "250 ok\r\n");
        }
        else if (!strncmp(line, "DATA", 4)) {
            if (strstr(to, "early@")) _exit(0);
            say(fd, "354 go\r\n");
            FILE *out = fopen(kept_file, "w");
            while (line_of(in, line, sizeof line) && strcmp(line, ".\r\n")) fputs(line, out);
            fclose(out);
            if (strstr(to, "late@")) _exit(0);
            say(fd, strstr(to, "spam@") ? "554 5.7.1 spam\r\n" : strstr(to, "full@") ? "452 4.3.1 full\r\n"
                : "250 2.0.0 queued as Q1\r\n");
        }
        else if (!strncmp(line, "QUIT", 4)) { say(fd, "221 bye\r\n"); return; }
        else say(fd, "250 ok\r\n");
    }
}

/* ---- tests ---- */

static Mail sample(void) {
    return (Mail){ .from = { "SWA Water", "no-reply@sfwater.org" }, .to = { NULL, "asha@example.com" },
                   .subject = "Your bill", .text = "Hello", .message_id = "msg-1",
                   .at = time_of_unix(1774030000) };
}

static void builds(void) {
    const char *problem;
    size_t n;
    Mail m = sample();
    char *s = mail_build(&mem, &m, &n, &problem);
    SAME_TEXT(problem, NULL);
    SAME_TEXT(s, "From: \"SWA Water\"\r\n <no-reply@sfwater.org>\r\nTo: asha@example.com\r\nSubject: Your "
                 "bill\r\nDate: Fri, 20 Mar 2026 18:06:40 +0000\r\n"
                 "Message-ID: <msg-1@sfwater.org>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: "
                 "1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                 "Content-Transfer-Encoding: quoted-printable\r\n\r\nHello\r\n");
    SAME_INT(n, strlen(s));
    m.to.name = "Nair, \"A\" \\";
    m.subject = "Factura de marzo: 84,60 € más información sobre su consumo de agua este mes, señor";
    m.html = "<p>Señor = 1</p>";
    m.unsubscribe_url = "https://example.com/n/abc";
    m.reply_to = (MailAddress){ "Ayuda", "ayuda@sfwater.org" };
    m.in_reply_to = "<msg-0@sfwater.org>";
    m.attachments[0] = (MailAttachment){ "Bill März.pdf", "application/pdf", "%PDF-1.7\nxyz", 12 };
    s = mail_build(&mem, &m, &n, &problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    static const char *const parts[] = { "To: \"Nair, \\\"A\\\" \\\\\"\r\n <asha@example.com>\r\n",
                                         "\r\nSubject: =?UTF-8?B?", "?=\r\n =?UTF-8?B?",
        "\r\nReply-To: \"Ayuda\"\r\n <ayuda@sfwater.org>\r\n", "\r\nIn-Reply-To: <msg-0@sfwater.org>\r\n",
        "\r\nList-Unsubscribe: <https://example.com/n/abc>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            "Content-Type: multipart/mixed; boundary=\"=_mixed\"\r\n\r\n--=_mixed\r\n"
            "Content-Type: multipart/alternative; boundary=\"=_alternative\"\r\n\r\n--=_alternative\r\nContent-Type: "
            "text/plain; charset=utf-8\r\n",
        "\r\n<p>Se=C3=B1or =3D 1</p>\r\n--=_alternative--\r\n--=_mixed\r\n",
            "filename=\"Bill_M__rz.pdf\";\r\n filename*=UTF-8''Bill%20M%C3%A4rz.pdf\r\n",
            "\r\n\r\nJVBERi0xLjcKeHl6\r\n--=_mixed--\r\n" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(s, parts[i])) fprintf(stderr, "\nmissing: %s\n", parts[i]);
        CU_ASSERT_PTR_NOT_NULL(strstr(s, parts[i]));
    }
    for (const char *line = s; *line; line = strstr(line, "\r\n") + 2) CU_ASSERT_FATAL(strcspn(line, "\r") <= 78);
    for (const char *p = s; *p; p++) CU_ASSERT_FATAL((unsigned char)*p < 0x7f && (*p != '\n' || p[-1] == '\r'));
}

static void quotes_text(void) {
    const char *problem;
    size_t n;
    Mail m = sample();
    m.text = "a \nb=c\r\n.\ré\ttab \n0123456789012345678901234567890123456789012345678901234567890123456789012345é";
    char *body = strstr(mail_build(&mem, &m, &n, &problem), "\r\n\r\n") + 4;
    SAME_TEXT(body,
              "a=20\r\nb=3Dc\r\n.\r\n=C3=A9\ttab=20\r\n012345678901234567890123456789012345678901234567890123456789012345678901234=\r\n5=C3=A9\r\n");
}

static void refuses_forged_headers(void) {
    const char *problem;
    size_t n;
    static const char *const bad[] = { "x\r\nBcc: all@example.com", "x\nBcc: y", "x\ry", "\xff", "" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Mail m = sample();
        m.subject = bad[i];
        CU_ASSERT_PTR_NULL(mail_build(&mem, &m, &n, &problem));
        SAME_TEXT(problem, "the subject");
        m = sample(), m.to.address = text(&mem, "a@b.co%s", bad[i]);
        if (*bad[i]) CU_ASSERT_PTR_NULL(mail_build(&mem, &m, &n, &problem));
        m = sample(), m.from.name = bad[i];
        if (*bad[i]) CU_ASSERT_PTR_NULL(mail_build(&mem, &m, &n, &problem));
        m = sample(), m.message_id = bad[i];
        CU_ASSERT_PTR_NULL(mail_build(&mem, &m, &n, &problem));
        m = sample(), m.unsubscribe_url = bad[i];
        CU_ASSERT_PTR_NULL(mail_build(&mem, &m, &n, &problem));
        m = sample(), m.in_reply_to = bad[i];
        CU_ASSERT_PTR_NULL(mail_build(&mem, &m, &n, &problem));
        m = sample(), m.attachments[0] = (MailAttachment){ bad[i], "application/pdf", "x", 1 };
        CU_ASSERT_PTR_NULL(mail_build(&mem, &m, &n, &problem));
        m = sample(), m.attachments[0] = (MailAttachment){ "x", bad[i], "x", 1 };
        CU_ASSERT_PTR_NULL(mail_build(&mem, &m, &n, &problem));
    }
    Mail m = sample();
    m.text = "\xff";
    CU_ASSERT_PTR_NULL(mail_build(&mem, &m, &n, &problem));
    m = sample(), m.text = NULL;
    CU_ASSERT_PTR_NULL(mail_build(&mem, &m, &n, &problem));
    SAME_TEXT(mail_encoded_header(&mem, "=?UTF-8?B?eA==?=", 7), "=?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=");
}

static MailResult send_to(const char *to, const char *password) {
    const char *problem;
    size_t n;
    Mail m = sample();
    m.to.address = to;
    m.text = "Hello\n.\n..dots\n";
    char *s = mail_build(&mem, &m, &n, &problem);
    return mail_send(&mem, &(MailServer){ "127.0.0.1", port, MAIL_OPEN, password ? "u" : NULL, password, NULL },
                     m.from.address, to, s, n);
}

static void sends(void) {
    static const char *allowed[2];
    allowed[0] = text(&mem, "127.0.0.1:%d", port);
    outgoing_rules((OutgoingRules){ .production = true, .allowed = allowed });
    static const struct { const char *to; OutClass class; int code; } cases[] = {
        { "ok@example.com", OUT_ACCEPTED, 250 }, { "again@example.com", OUT_ACCEPTED, 250 },
        { "soft@example.com", OUT_NOT_ACCEPTED, 450 },
        { "hard@example.com", OUT_REFUSED, 550 }, { "spam@example.com", OUT_REFUSED, 554 },
        { "full@example.com", OUT_NOT_ACCEPTED, 452 },
        { "early@example.com", OUT_NOT_ACCEPTED, 250 }, { "late@example.com", OUT_UNKNOWN, 354 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        MailResult r = send_to(cases[i].to, NULL);
        if (r.class != cases[i].class) fprintf(stderr, "\n%s: %s %d %s\n", cases[i].to, out_class_name(r.class), r.code,
                                               r.problem ? r.problem : "-");
        SAME_INT(r.class, cases[i].class);
        SAME_INT(r.code, cases[i].code);
        CU_ASSERT_EQUAL(r.problem == NULL, r.class == OUT_ACCEPTED);
        CU_ASSERT_FALSE(r.setup_is_wrong);
    }
    SAME_TEXT(send_to("ok@example.com", NULL).reply, "2.0.0 queued as Q1");
    char kept[4000] = "";
    FILE *f = fopen(kept_file, "r");
    kept[fread(kept, 1, sizeof kept - 1, f)] = 0;
    fclose(f);
    CU_ASSERT_PTR_NOT_NULL(strstr(kept, "\r\n\r\nHello\r\n..\r\n...dots\r\n"));
    SAME_TEXT(send_to("hard@example.com", NULL).reply, "5.1.1 no such user");
    mail_end();
    SAME_INT(send_to("ok@example.com", "p").class, OUT_ACCEPTED);
    mail_end();
    MailResult r = send_to("ok@example.com", "wrong");
    SAME_INT(r.class, OUT_NOT_ACCEPTED);
    CU_ASSERT(r.setup_is_wrong);
    SAME_INT(send_to("ok@example.com\r\nRCPT TO:<x@y.zz>", NULL).class, OUT_REFUSED);
    mail_end();
    outgoing_rules((OutgoingRules){ .production = true });
    r = send_to("ok@example.com", NULL);
    SAME_INT(r.class, OUT_REFUSED);
    CU_ASSERT(r.setup_is_wrong);
    outgoing_rules((OutgoingRules){ .production = true, .allowed = allowed });
    r = mail_send(&mem, &(MailServer){ "127.0.0.1", port, MAIL_STARTTLS, NULL, NULL, NULL }, "a@b.co", "ok@example.com",
                  "x", 1);
    SAME_INT(r.class, OUT_NOT_ACCEPTED);
    CU_ASSERT(r.setup_is_wrong);
    mail_end();
}

static void reads_codes(void) {
    SAME_INT(mail_class(250), OUT_ACCEPTED);
    SAME_INT(mail_class(421), OUT_NOT_ACCEPTED);
    SAME_INT(mail_class(535), OUT_NOT_ACCEPTED);
    SAME_INT(mail_class(550), OUT_REFUSED);
    SAME_INT(mail_class(0), OUT_UNKNOWN);
}

int main(void) {
    int fd = mkstemp(kept_file);
    if (fd < 0) return 2;
    close(fd);
    pid_t server = double_start(&port, serve_one);
    int status = suite_run("mail", (SuiteTest[]){
        { "builds", builds }, { "quotes text", quotes_text }, { "refuses forged headers", refuses_forged_headers },
        { "sends", sends }, { "reads codes", reads_codes }, { 0 } });
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    unlink(kept_file);
    arena_end(&mem);
    return status;
}
