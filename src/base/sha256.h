/* sha256.h - the SHA-256 digest: which script, which data, which point.
 *
 * Source: FIPS 180-4, sections 5 and 6.2.
 */
#ifndef HU_BASE_SHA256_H
#define HU_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/status.h"

#define HU_SHA256_HEX 65       /* 64 hexadecimal digits and the closing zero */

typedef struct hu_sha256 {
    uint32_t state[8];
    uint64_t n_bytes;          /* taken in so far                     */
    unsigned char block[64];   /* the last n_bytes % 64 bytes of them */
} hu_sha256;

void hu_sha256_init(hu_sha256 *s);
void hu_sha256_add(hu_sha256 *s, const void *data, size_t n_bytes);
void hu_sha256_hex(hu_sha256 *s, char hex[HU_SHA256_HEX]);   /* ends the digest */

/* The digest of n bytes, and of a file's content. HU_EIO when the file cannot be read. */
void      hu_sha256_of(const void *data, size_t n_bytes, char hex[HU_SHA256_HEX]);
hu_status hu_sha256_file(const char *path, char hex[HU_SHA256_HEX], hu_error *err);

#endif
