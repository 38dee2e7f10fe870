/* SPDX-License-Identifier: MIT */
#include "core/random.h"

#include <math.h>
#include <string.h>

void rnni_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4])
{
    uint32_t k0 = key[0], k1 = key[1];
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* The step of splitmix64: one-to-one, every bit of the result depends on every bit of `x`. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

rnni_random rnni_random_stream(uint64_t seed, uint32_t purpose, uint64_t a, uint64_t b, uint64_t c)
{
    /* One-to-one in the last argument of each chain: streams of one layer and epoch never meet. */
    uint64_t key = mix(mix(mix(seed) ^ purpose) ^ a), high = mix(mix(b) ^ c);
    return (rnni_random){ { (uint32_t)key, (uint32_t)(key >> 32) },
                          { (uint32_t)high, (uint32_t)(high >> 32) } };
}

static void block(const rnni_random *stream, uint64_t number, uint32_t out[4])
{
    uint32_t counter[4] = { (uint32_t)number, (uint32_t)(number >> 32), stream->high[0], stream->high[1] };
    rnni_philox(stream->key, counter, out);
}

uint64_t rnni_random_u64(const rnni_random *stream, uint64_t position)
{
    uint32_t words[4];
    block(stream, position / 2, words);
    const uint32_t *pair = words + position % 2 * 2;
    return (uint64_t)pair[1] << 32 | pair[0];
}

double rnni_random_uniform(const rnni_random *stream, uint64_t position)
{
    uint32_t words[4];
    block(stream, position / 4, words);
    return (double)(words[position % 4] >> 8) * 0x1p-24;
}

void rnni_random_fill(const rnni_random *stream, uint64_t first, int64_t count, float *out)
{
    uint32_t words[4];
    for (int64_t i = 0; i < count;) {
        uint64_t position = first + (uint64_t)i;
        block(stream, position / 4, words);
        for (int lane = (int)(position % 4); lane < 4 && i < count; lane++, i++)
            out[i] = (float)(words[lane] >> 8) * 0x1p-24f;
    }
}

double rnni_random_normal(const rnni_random *stream, uint64_t position)
{
    uint32_t words[4];
    block(stream, position, words);
    uint64_t radius = ((uint64_t)words[1] << 32 | words[0]) >> 11;
    uint64_t angle = ((uint64_t)words[3] << 32 | words[2]) >> 11;
    double u = (double)(radius + 1) * 0x1p-53; /* in (0, 1]: the logarithm is finite */
    double v = (double)angle * 0x1p-53;
    return sqrt(-2 * rnni_log(u)) * rnni_cos(6.283185307179586 * v);
}

uint64_t rnni_random_below(const rnni_random *stream, uint64_t position, uint64_t bound)
{
    /* The upper half of the 128-bit product x * bound. */
    uint64_t x = rnni_random_u64(stream, position);
    uint64_t x0 = (uint32_t)x, x1 = x >> 32, b0 = (uint32_t)bound, b1 = bound >> 32;
    uint64_t middle = x1 * b0 + (x0 * b0 >> 32);
    return x1 * b1 + (middle >> 32) + ((x0 * b1 + (uint32_t)middle) >> 32);
}

/* x = m 2^e with m in [sqrt(1/2), sqrt(2)); s = (m - 1) / (m + 1);  log m = 2 (s + s^3/3 + s^5/5 + ...),
 * |s| < 0.172. */
double rnni_log(double x)
{
    if (!(x > 0)) return x == 0 ? -(double)INFINITY : (double)NAN;
    if (x > 0x1.fffffffffffffp1023) return x;
    int exponent = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        exponent = -54;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    exponent += (int)(bits >> 52) - 1023;
    bits = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1023) << 52;
    memcpy(&x, &bits, sizeof(x));
    if (x > 1.4142135623730951) {
        x *= 0.5;
        exponent++;
    }
    double f = x - 1, s = f / (x + 1), q = s * s, sum = 0;
    for (int n = 25; n >= 3; n -= 2) sum = sum * q + 2.0 / n;
    /* log m = f - s (f - r) with r = 2 s^2/3 + 2 s^4/5 + ..., which keeps the digits that 2 s + s r would
     * round away. */
    double r = sum * q;
    double high = 0x1.62e42fee00000p-1 * exponent, low = 0x1.a39ef35793c76p-33 * exponent;
    return high + (f - (s * (f - r) - low));
}

/* Taylor series of the cosine (n = 0) or of the sine divided by x (n = 1), |x| <= pi/4. */
static double series(double q, int n)
{
    double sum = 1;
    for (int k = 20 + n; k > n; k -= 2) sum = 1 - q / (k * (k - 1)) * sum;
    return sum;
}

/* cos(k pi/2 + r) with |r| <= pi/4: a quarter turn is split so that k times its upper part is exact. */
double rnni_cos(double x)
{
    if (!(x >= -6.3 && x <= 6.3)) return (double)NAN;
    int k = (int)(x * 0.6366197723675814 + (x < 0 ? -0.5 : 0.5));
    double r = x - k * 0x1.921fb54400000p+0 - k * 0x1.0b4611a626331p-34, q = r * r;
    switch (k & 3) {
    case 0: return series(q, 0);
    case 1: return -r * series(q, 1);
    case 2: return -series(q, 0);
    default: return r * series(q, 1);
    }
}
