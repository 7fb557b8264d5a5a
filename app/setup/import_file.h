/*
 * A file for data migration comes in: see import_file.c.
 */
#ifndef APP_SETUP_IMPORT_FILE_H
#define APP_SETUP_IMPORT_FILE_H

#include "app/setup/import_work.h"
#include "lib/form.h"
#include "lib/req.h"

typedef struct ImportFile {
    int         fd;                 /* plain CSV in UTF-8; ends with the work */
    int64_t     size;               /* as it was sent */
    uint8_t     sha256[32];         /* the same */
    const char *encoding;           /* it had */
    char        delimiter;
    const char *const *header;
    size_t      header_n;
} ImportFile;

extern const Choice import_encodings[];
/* Fails INVALID at the field `file` or `encoding` for what cannot be taken. has_files: a ZIP of a list with the files
   it names. */
ImportFile import_file_take(Ctx *c, const Upload *u, const char *encoding, bool has_files);

/* A file without a name that ends with the work; DOWN when there is no room for it, or for what is written. */
int  import_scratch(Ctx *c);
void import_write  (Ctx *c, int fd, const char *s, size_t n);

/* The files beside the list of a batch. */
typedef struct ImportArchive ImportArchive;
const ImportArchive *import_archive(Ctx *c, Id document);

#endif
