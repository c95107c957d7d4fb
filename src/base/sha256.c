/* sha256.c - the SHA-256 digest of bytes and of files (FIPS 180-4). */
#include "src/base/sha256.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* FIPS 180-4, section 4.2.2: the fractions of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void schedule(uint32_t w[64], const unsigned char *block)
{
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
}

static void compress(uint32_t state[8], const unsigned char *block)
{
    uint32_t w[64], v[8];
    schedule(w, block);
    memcpy(v, state, sizeof v);
    for (int t = 0; t < 64; t++) {
        uint32_t big1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
        uint32_t choose = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t t1 = v[7] + big1 + choose + round_constants[t] + w[t];
        uint32_t big0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + big0 + majority;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

void hu_sha256_init(hu_sha256 *s)
{
    /* FIPS 180-4, section 5.3.3: the fractions of the square roots of the first eight primes. */
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->state, start, sizeof start);
    s->n_bytes = 0;
}

void hu_sha256_add(hu_sha256 *s, const void *data, size_t n_bytes)
{
    const unsigned char *in = data;
    while (n_bytes > 0) {
        size_t have = s->n_bytes % 64;
        size_t take = n_bytes < 64 - have ? n_bytes : 64 - have;
        memcpy(s->block + have, in, take);
        s->n_bytes += take;
        in += take;
        n_bytes -= take;
        if (s->n_bytes % 64 == 0)
            compress(s->state, s->block);
    }
}

void hu_sha256_hex(hu_sha256 *s, char hex[HU_SHA256_HEX])
{
    static const unsigned char padding[64] = {0x80};
    uint64_t n_bits = s->n_bytes * 8;
    size_t used = s->n_bytes % 64;
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(n_bits >> (56 - 8 * i));
    hu_sha256_add(s, padding, used < 56 ? 56 - used : 120 - used);
    hu_sha256_add(s, length, sizeof length);
    for (int i = 0; i < 8; i++)
        snprintf(hex + 8 * i, 9, "%08x", (unsigned)s->state[i]);
}

void hu_sha256_of(const void *data, size_t n_bytes, char hex[HU_SHA256_HEX])
{
    hu_sha256 s;
    hu_sha256_init(&s);
    hu_sha256_add(&s, data, n_bytes);
    hu_sha256_hex(&s, hex);
}

hu_status hu_sha256_file(const char *path, char hex[HU_SHA256_HEX], hu_error *err)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return hu_fail(err, HU_EIO, "%s: %s", path, strerror(errno));
    hu_sha256 s;
    unsigned char chunk[4096];
    hu_sha256_init(&s);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
        hu_sha256_add(&s, chunk, n);
    int failed = ferror(file) ? errno : 0;
    fclose(file);
    if (failed)
        return hu_fail(err, HU_EIO, "%s: %s", path, strerror(failed));
    hu_sha256_hex(&s, hex);
    return HU_OK;
}
