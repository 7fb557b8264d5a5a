/*
 * Keywords of answers: see keyword_rules.h.
 */
#include "app/comms/keyword_rules.h"

#include <stdbool.h>
#include <string.h>

/* To add one: a row; of any language, in capitals. */
static const struct { const char *word; Keyword is; } words[] = {
    { "STOP", KEYWORD_STOP },        { "STOPALL", KEYWORD_STOP }, { "STOP ALL", KEYWORD_STOP },
    { "UNSUBSCRIBE", KEYWORD_STOP }, { "CANCEL", KEYWORD_STOP },  { "END", KEYWORD_STOP },
    { "QUIT", KEYWORD_STOP },        { "REVOKE", KEYWORD_STOP },  { "OPTOUT", KEYWORD_STOP },
    { "OPT OUT", KEYWORD_STOP },     { "ALTO", KEYWORD_STOP },    { "BAJA", KEYWORD_STOP },
    { "START", KEYWORD_START },      { "UNSTOP", KEYWORD_START }, { "YES", KEYWORD_YES },
    { "HELP", KEYWORD_HELP },        { "INFO", KEYWORD_HELP },    { "AYUDA", KEYWORD_HELP },
};

/* Letters in capitals, one blank between words; everything else is left out. */
static char *folded(Arena *a, const char *s) {
    Text t = text_start(a);
    text_add(&t, "");
    for (; *s; s++) {
        char c = *s >= 'a' && *s <= 'z' ? (char)(*s - 32) : *s;
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
        if (is_letter) text_add_n(&t, &c, 1);
        else if ((c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '-') && t.n && t.s[t.n - 1] != ' ')
            text_add(&t, " ");
    }
    while (t.n && t.s[t.n - 1] == ' ') t.s[--t.n] = 0;
    return t.s;
}

Keyword keyword_of(Arena *a, const char *body, const char **word) {
    char *s = folded(a, body ? body : "");
    *word = NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i].word, s)) {
            *word = words[i].word;
            return words[i].is;
        }
    bool refuses = strstr(s, "STOP ") || strstr(s, "DO NOT ") || strstr(s, "DONT ") || strstr(s, "NO MORE "),
         messages = strstr(s, "TEXT") || strstr(s, "MESSAG") || strstr(s, "SMS") || strstr(s, "CONTACT");
    return refuses && messages ? KEYWORD_REFUSAL : KEYWORD_NONE;
}
