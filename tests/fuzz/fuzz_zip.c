/* ZIP archives of others: the directory, and each file unpacked as far as is asked for. */
#include <fcntl.h>

#include "lib/zip.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    static int nowhere = -1;
    if (nowhere < 0) nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    Zip z = zip_read(&mem, (Bytes){ bytes, n });
    MUST(!z.problem || !z.n);
    for (size_t i = 0; i < z.n && i < 8; i++) {
        const ZipEntry *e = &z.v[i];
        MUST(*e->name && e->data >= bytes && e->data + e->packed <= bytes + n);
        ZipAnswer answer = zip_unpack(e, 4096, nowhere);
        MUST(answer != ZIP_NO_ROOM);
        if (!e->is_packed) MUST(answer == (e->packed > 4096 ? ZIP_LARGE : ZIP_DONE));
    }
}
