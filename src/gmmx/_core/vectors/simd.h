/* The vector type of the kernels: the one thing Cython cannot say.
 *
 * GMMX_SINGLE makes `real` a float instead of a double. With GCC or Clang `vec` fills a register
 * of the instruction set that the file is compiled for; elsewhere, and with GMMX_SCALAR, it is
 * one `real`.
 */
#ifndef GMMX_SIMD_H
#define GMMX_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef GMMX_SINGLE
typedef float real;
typedef int32_t integer;
#define REAL(x) x##f
#define MANTISSA_BITS 23
#define REAL_LARGEST 3.40282346638528859812e+38f
#else
typedef double real;
typedef int64_t integer;
#define REAL(x) x
#define MANTISSA_BITS 52
#define REAL_LARGEST 1.79769313486231570815e+308
#endif

#if defined(__AVX512F__) && !defined(GMMX_SCALAR)
#include <immintrin.h>
#define GMMX_AVX512
#define VECTOR_BYTES 64
enum { TILE_VECTORS = 4, TILE_FEATURES = 8 };
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
enum { TILE_VECTORS = 3, TILE_FEATURES = 4 };
#elif defined(__aarch64__)
#define VECTOR_BYTES 16
enum { TILE_VECTORS = 4, TILE_FEATURES = 8 };
#else
#define VECTOR_BYTES 16
enum { TILE_VECTORS = 2, TILE_FEATURES = 4 };
#endif

/* Lanes of two vectors in turns: of their first halves, and of their second halves. */
#define TURNS_2(i, n) (i), (i) + (n)
#define TURNS_4(i, n) TURNS_2(i, n), TURNS_2((i) + 1, n)
#define TURNS_8(i, n) TURNS_4(i, n), TURNS_4((i) + 2, n)
#define TURNS_16(i, n) TURNS_8(i, n), TURNS_8((i) + 4, n)
#if defined(GMMX_AVX512) && defined(GMMX_SINGLE)
#define TURNS(half) TURNS_16((half) * 8, 16)
#elif defined(GMMX_AVX512) || (defined(__AVX2__) && defined(GMMX_SINGLE))
#define TURNS(half) TURNS_8((half) * 4, 8)
#elif defined(__AVX2__) || defined(GMMX_SINGLE)
#define TURNS(half) TURNS_4((half) * 2, 4)
#else
#define TURNS(half) TURNS_2((half) * 1, 2)
#endif

#if (defined(__GNUC__) || defined(__clang__)) && !defined(GMMX_SCALAR)
#define GMMX_VECTORS
enum { LANES = VECTOR_BYTES / sizeof(real) };
typedef real vec __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));
typedef integer ivec __attribute__((vector_size(VECTOR_BYTES)));
typedef double wide __attribute__((
    vector_size(VECTOR_BYTES / sizeof(real) * sizeof(double)), aligned(8), may_alias));
static inline vec broadcast(real x) { return x - (vec){0}; }
#define widen(x) __builtin_convertvector((x), wide)
#define shift_left(x, bits) ((x) << (bits))
#if defined(__clang__)
static inline vec interleave_first(vec a, vec b)
{
    return __builtin_shufflevector(a, b, TURNS(0));
}
static inline vec interleave_second(vec a, vec b)
{
    return __builtin_shufflevector(a, b, TURNS(1));
}
#else
static inline vec interleave_first(vec a, vec b) { return __builtin_shuffle(a, b, (ivec){TURNS(0)}); }
static inline vec interleave_second(vec a, vec b) { return __builtin_shuffle(a, b, (ivec){TURNS(1)}); }
#endif
#else
enum { LANES = 1 };
typedef real vec;
typedef integer ivec;
typedef double wide;
static inline vec broadcast(real x) { return x; }
#define widen(x) ((double)(x))
#define shift_left(x, bits) ((x) * ((integer)1 << (bits)))
static inline vec interleave_first(vec a, vec b) { (void)b; return a; }
static inline vec interleave_second(vec a, vec b) { (void)a; return b; }
#endif

/* Samples that one register tile covers. */
enum { GROUP = TILE_VECTORS * LANES };

static inline vec load(const real *from) { return *(const vec *)from; }
static inline void store(real *to, vec value) { *(vec *)to = value; }

/* The first lanes, 0 in the others; nothing beyond them is read. */
static inline vec load_first(const real *from, intptr_t count)
{
#if defined(GMMX_AVX512) && defined(GMMX_SINGLE)
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
#elif defined(GMMX_AVX512)
    return _mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1), from);
#else
    real lanes[LANES] = {0};
    for (intptr_t i = 0; i < count; i++) lanes[i] = from[i];
    return load(lanes);
#endif
}
#ifdef GMMX_VECTORS
#define prefetch(address) __builtin_prefetch((address), 0, 2)
#else
#define prefetch(address) ((void)0)
#endif

/* Store past the caches; `to` is aligned, the next atomic counter makes it visible to others. */
#ifdef GMMX_AVX512
static inline void stream(real *to, vec value) { _mm512_stream_si512((__m512i *)to, (__m512i)value); }
#else
static inline void stream(real *to, vec value) { store(to, value); }
#endif
static inline vec multiply_add(vec a, vec b, vec c) { return a * b + c; }
static inline void add_widened(double *to, vec value) { *(wide *)to += widen(value); }

static inline ivec as_bits(vec value)
{
    ivec bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline vec from_bits(ivec bits)
{
    vec value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* All ones where a < b, else 0; a NaN compares false. */
static inline ivec less_than(vec a, vec b)
{
#ifdef GMMX_VECTORS
    return (ivec)(a < b);
#else
    return -(ivec)(a < b);
#endif
}

static inline vec where(ivec condition, vec yes, vec no)
{
    return from_bits((condition & as_bits(yes)) | (~condition & as_bits(no)));
}

#ifdef GMMX_AVX512
/* GCC spells these out in four instructions. */
#ifdef GMMX_SINGLE
#define AVX512(name) _mm512_##name##_ps
#define AVX512_MASK(name) _mm512_##name##_ps_mask
#else
#define AVX512(name) _mm512_##name##_pd
#define AVX512_MASK(name) _mm512_##name##_pd_mask
#endif
static inline vec where_less(vec a, vec b, vec yes, vec no)
{
    return AVX512(mask_blend)(AVX512_MASK(cmp)(a, b, _CMP_LT_OQ), no, yes);
}

static inline vec larger(vec a, vec b) { return AVX512(max)(b, a); }
#else
static inline vec where_less(vec a, vec b, vec yes, vec no)
{
    return where(less_than(a, b), yes, no);
}

static inline vec larger(vec a, vec b) { return where_less(a, b, b, a); }
#endif

/* Whether a < b in every lane. */
static inline int all_less(vec a, vec b)
{
    ivec less = less_than(a, b);
    integer lane[LANES], all = -1;
    memcpy(lane, &less, sizeof less);
    for (int i = 0; i < LANES; i++)
        all &= lane[i];
    return all != 0;
}

/* min(x, the largest finite number), also for NaN: a squared distance that overflowed. */
static inline vec bounded(vec x)
{
    vec largest = broadcast(REAL_LARGEST);
#ifdef GMMX_AVX512
    return AVX512(min)(x, largest);
#else
    return where_less(x, largest, x, largest);
#endif
}

#ifdef GMMX_SINGLE
#define LN2_HIGH 0.693145751953125f
#define LN2_LOW 1.42860682030941723212e-6f
#define LOWEST_EXPONENT -87.0f
#define ROUND_TO_INTEGER 12582912.0f /* 1.5 * 2^23 */
#else
#define LN2_HIGH 0x1.62e42fefa38p-1
#define LN2_LOW 5.49792301870837115524e-14
#define LOWEST_EXPONENT -708.0
#define ROUND_TO_INTEGER 6755399441055744.0 /* 1.5 * 2^52 */
#endif

#ifdef GMMX_AVX512
/* exp(x) = 2^(n/16) exp(r), |r| <= ln(2)/32, for x <= -LOWEST_EXPONENT; 0 where the result would be
   subnormal.
   The sixteen roots of 2 fit into registers, so that a polynomial of half the degree does. */
#ifdef GMMX_SINGLE
#define LN2_SHORT 0x1.62ep-1f
#define LN2_REST 3.1946184945309415e-5f
static inline vec root_of_two(ivec n)
{
    const __m512 roots = {
        0x1p+0f, 0x1.0b5586p+0f, 0x1.172b84p+0f, 0x1.2387a6p+0f,
        0x1.306fe0p+0f, 0x1.3dea64p+0f, 0x1.4bfdaep+0f, 0x1.5ab07ep+0f,
        0x1.6a09e6p+0f, 0x1.7a1148p+0f, 0x1.8ace54p+0f, 0x1.9c4918p+0f,
        0x1.ae89fap+0f, 0x1.c199bep+0f, 0x1.d5818ep+0f, 0x1.ea4afap+0f,
    };
    return _mm512_permutexvar_ps((__m512i)n, roots);
}

static inline vec exponential_tail(vec r)
{
    return multiply_add(broadcast(0.16666862555784f), r, broadcast(0.50000979447779f));
}
#else
#define LN2_SHORT 0x1.62e42fefap-1
#define LN2_REST 1.6465949582897082e-12
static inline vec root_of_two(ivec n)
{
    const __m512d low = {
        0x1p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
        0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
    };
    const __m512d high = {
        0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
        0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0,
    };
    return _mm512_permutex2var_pd(low, (__m512i)n, high);
}

static inline vec exponential_tail(vec r)
{
    vec q = broadcast(0.0013889034639665864761);
    q = multiply_add(q, r, broadcast(0.0083334499341071853523));
    q = multiply_add(q, r, broadcast(0.041666666664953614554));
    q = multiply_add(q, r, broadcast(0.16666666665296222739));
    return multiply_add(q, r, broadcast(0.5));
}
#endif

static inline vec exponential(vec x)
{
    vec magic = broadcast(ROUND_TO_INTEGER / 16);
    vec shifted = multiply_add(x, broadcast(REAL(1.44269504088896340736)), magic);
    vec n = shifted - magic;
    vec r = multiply_add(n, broadcast(-LN2_SHORT), x);
    r = multiply_add(n, broadcast(-LN2_REST), r);
    vec p = multiply_add(r * r, exponential_tail(r), r);
    vec root = root_of_two(as_bits(shifted));
    return AVX512(maskz_scalef)(
        AVX512_MASK(cmp)(x, broadcast(LOWEST_EXPONENT), _CMP_NLT_UQ),
        multiply_add(root, p, root), n);
}
#else
/* exp(x) = 2^n exp(r), |r| <= ln(2)/2, for x <= -LOWEST_EXPONENT; 0 where the result would be
   subnormal. */
static inline vec exponential(vec x)
{
    ivec too_low = less_than(x, broadcast(LOWEST_EXPONENT));
    vec argument = larger(x, broadcast(LOWEST_EXPONENT));
    vec magic = broadcast(ROUND_TO_INTEGER);
    vec shifted = multiply_add(argument, broadcast(REAL(1.44269504088896340736)), magic);
    vec n = shifted - magic;
    vec r = multiply_add(n, broadcast(-LN2_HIGH), argument);
    r = multiply_add(n, broadcast(-LN2_LOW), r);
#ifdef GMMX_SINGLE
    vec q = broadcast(1.98909908e-4f);
    q = multiply_add(q, r, broadcast(1.39336500e-3f));
    q = multiply_add(q, r, broadcast(8.33331093e-3f));
    q = multiply_add(q, r, broadcast(4.16664649e-2f));
    q = multiply_add(q, r, broadcast(1.66666667e-1f));
    q = multiply_add(q, r, broadcast(5.00000001e-1f));
#else
    vec q = broadcast(2.0914686968086877233e-9);
    q = multiply_add(q, r, broadcast(2.5105217004720745164e-8));
    q = multiply_add(q, r, broadcast(2.7557273643110295328e-7));
    q = multiply_add(q, r, broadcast(2.755725540020642443e-6));
    q = multiply_add(q, r, broadcast(2.4801587325547741216e-5));
    q = multiply_add(q, r, broadcast(1.9841269874820625271e-4));
    q = multiply_add(q, r, broadcast(1.3888888888883748305e-3));
    q = multiply_add(q, r, broadcast(8.3333333333261351258e-3));
    q = multiply_add(q, r, broadcast(4.1666666666669755e-2));
    q = multiply_add(q, r, broadcast(1.6666666666666670991e-1));
    q = multiply_add(q, r, broadcast(0.5));
#endif
    vec p = multiply_add(r * r, q, r) + broadcast(REAL(1.0));
    ivec exponent = as_bits(shifted) - as_bits(magic);
    vec power = from_bits(as_bits(p) + shift_left(exponent, MANTISSA_BITS));
    return from_bits(~too_low & as_bits(power));
}
#endif

/* log(x) for normal x > 0: x = 2^n (1 + f), s = f / (2 + f), after FreeBSD's e_log.c. */
static inline vec logarithm(vec x)
{
    const ivec half_bits = as_bits(broadcast(REAL(0.70710678118654752440)));
    ivec exponent = (as_bits(x) - half_bits) >> MANTISSA_BITS;
    vec f = from_bits(as_bits(x) - shift_left(exponent, MANTISSA_BITS)) - broadcast(REAL(1.0));
    vec magic = broadcast(ROUND_TO_INTEGER);
    vec n = from_bits(exponent + as_bits(magic)) - magic;
    vec s = f / (f + broadcast(REAL(2.0)));
    vec z = s * s;
#ifdef GMMX_SINGLE
    vec series = broadcast(0.24279078841f);
    series = multiply_add(series, z, broadcast(0.28498786688f));
    series = multiply_add(series, z, broadcast(0.40000972152f));
    series = multiply_add(series, z, broadcast(0.66666662693f));
#else
    vec series = broadcast(1.479819860511658591e-01);
    series = multiply_add(series, z, broadcast(1.531383769920937332e-01));
    series = multiply_add(series, z, broadcast(1.818357216161805012e-01));
    series = multiply_add(series, z, broadcast(2.222219843214978396e-01));
    series = multiply_add(series, z, broadcast(2.857142874366239149e-01));
    series = multiply_add(series, z, broadcast(3.999999999940941908e-01));
    series = multiply_add(series, z, broadcast(6.666666666666735130e-01));
#endif
    vec half_square = broadcast(REAL(0.5)) * f * f;
    vec tail = multiply_add(s, multiply_add(series, z, half_square), n * broadcast(LN2_LOW));
    return multiply_add(n, broadcast(LN2_HIGH), f - (half_square - tail));
}

#endif
