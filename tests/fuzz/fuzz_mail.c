/* E-mail from texts that people and providers give: what is built is ASCII with CRLF and has no header that was not
   asked for. The parts of the input stand between bytes 0x1e. */
#include "lib/mail.h"
#include "tests/fuzz/fuzz.h"

static char *next_part(char **s) {
    char *start = *s, *end = strchr(start, '\x1e');
    if (end) *end = 0, *s = end + 1;
    else *s = start + strlen(start);
    return start;
}

FUZZ(bytes, n) {
    char *s = as_text(bytes, n);
    Mail m = { .from = { next_part(&s), "no-reply@sfwater.org" }, .to = { next_part(&s), next_part(&s) },
               .subject = next_part(&s),
               .message_id = next_part(&s), .in_reply_to = next_part(&s), .unsubscribe_url = next_part(&s),
               .at = { 0 } };
    if (!*m.in_reply_to) m.in_reply_to = NULL;
    if (!*m.unsubscribe_url) m.unsubscribe_url = NULL;
    m.attachments[0] = (MailAttachment){ next_part(&s), "application/pdf", bytes, n };
    if (!*m.attachments[0].file_name) m.attachments[0].file_name = NULL;
    m.text = s;
    size_t length;
    const char *problem;
    char *mail = mail_build(&mem, &m, &length, &problem);
    MUST(!mail == !!problem);
    if (!mail) return;
    MUST(length == strlen(mail));
    for (const char *p = mail; *p; p++)
        MUST((unsigned char)*p < 0x80 && (*p != '\n' || p[-1] == '\r') && (*p != '\r' || p[1] == '\n'));
    static const char *const known[] = { "From: ", "To: ", "Subject: ", "Message-ID: ", "In-Reply-To: ", "References: ",
                                         "List-Unsubscribe: ",
        "List-Unsubscribe-Post: ", "Date: ", "Auto-Submitted: ", "MIME-Version: ", "Content-Type: ",
            "Content-Transfer-Encoding: ", " ", NULL };
    for (const char *line = mail; strncmp(line, "\r\n", 2); line = strstr(line, "\r\n") + 2) {
        int i = 0;
        while (known[i] && strncmp(line, known[i], strlen(known[i]))) i++;
        MUST(known[i]);
    }
}
