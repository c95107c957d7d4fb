/* sha256.c - the digest agrees with the published answers, however the input is cut. */
#include <string.h>

#include "src/base/sha256.h"
#include "tests/lib/test.h"

static void known_answers(void **state)
{
    (void)state;
    /* NIST, FIPS 180-4 examples and the SHA-256 short message vectors (SHA256ShortMsg.rsp). */
    static const struct { const char *text, *digest; } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"\xbd", "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char hex[HU_SHA256_HEX];
        hu_sha256_of(rows[i].text, strlen(rows[i].text), hex);
        assert_string_equal(hex, rows[i].digest);
    }
}

static void million(void **state)
{
    (void)state;
    char hex[HU_SHA256_HEX], block[1000];
    hu_sha256 s;
    memset(block, 'a', sizeof block);
    hu_sha256_init(&s);
    for (int i = 0; i < 1000; i++)
        hu_sha256_add(&s, block, sizeof block);
    hu_sha256_hex(&s, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void any_cut(void **state)
{
    (void)state;
    unsigned char data[200];
    test_random random = {7};
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)test_random_bits(&random);
    for (size_t n = 0; n <= sizeof data; n++) {
        char whole[HU_SHA256_HEX], parts[HU_SHA256_HEX];
        size_t cut = (size_t)test_random_below(&random, n + 1);
        hu_sha256 s;
        hu_sha256_of(data, n, whole);
        hu_sha256_init(&s);
        hu_sha256_add(&s, data, cut);
        hu_sha256_add(&s, data + cut, n - cut);
        hu_sha256_hex(&s, parts);
        assert_string_equal(whole, parts);
    }
}

static void missing_file(void **state)
{
    (void)state;
    char hex[HU_SHA256_HEX];
    hu_error err = {0};
    assert_int_equal(hu_sha256_file("/no/such/file", hex, &err), HU_EIO);
    assert_non_null(strstr(err.text, "/no/such/file"));
    assert_int_equal(hu_sha256_file("/", hex, &err), HU_EIO);
}

static const struct CMUnitTest claims[] = {
    CLAIM("SHA-256 gives the published answers", known_answers),
    CLAIM("SHA-256 of a million letters is the published one", million),
    CLAIM("SHA-256 does not depend on how the input is cut", any_cut),
    CLAIM("a file that is not there is named", missing_file),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
