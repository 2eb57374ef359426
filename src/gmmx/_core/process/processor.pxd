"""Instruction sets that this processor and its operating system support."""

cdef extern from *:
    """
    #if defined(__x86_64__) && defined(_MSC_VER)
    /* clang-cl: the library behind __builtin_cpu_supports is not linked on Windows. */
    #include <cpuid.h>

    enum { YMM_STATE = 0x06, ZMM_STATE = 0xe6 };  /* registers saved when threads change, XCR0 */

    static int saves(unsigned state)
    {
        unsigned low, b, c, high;
        if (!__get_cpuid(1, &low, &b, &c, &high) || !(c & bit_OSXSAVE))
            return 0;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        return (low & state) == state;
    }
    static int has_avx2(void)
    {
        unsigned a, b, c, d, fma;
        if (!__get_cpuid(1, &a, &b, &c, &d))
            return 0;
        fma = c & bit_FMA;
        return fma && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2) && saves(YMM_STATE);
    }
    static int has_avx512(void)
    {
        unsigned a, b, c, d;
        unsigned needed = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL | bit_AVX512CD;
        return has_avx2() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & needed) == needed
            && saves(ZMM_STATE);
    }
    #elif defined(__x86_64__)
    static int has_avx2(void)
    {
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    }
    static int has_avx512(void)
    {
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
            && __builtin_cpu_supports("avx512cd") && has_avx2();
    }
    #else  /* other processors, and MSVC, have the baseline alone */
    static int has_avx2(void) { return 0; }
    static int has_avx512(void) { return 0; }
    #endif
    """
    bint has_avx2() nogil
    bint has_avx512() nogil
