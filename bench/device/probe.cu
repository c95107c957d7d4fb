// probe.cu - runs a file of `halfulp vectors probe` through the tensor cores of a GPU and prints the results, a code a line.
//
//     probe FILE [wgmma] > results
//     halfulp vectors fit FILE --against results
//
// A probe is one row of A and one column of B; all else is zero. The terms go through one instruction after another, upward over k,
// with the accumulator chained. By default these are mma.sync; with wgmma, for FP8 on compute capability 9.0, those of a warp group,
// which need not be carried out by the same unit. No library is needed. The layouts of operands in registers and in shared memory are those
// of the PTX ISA manual, sections "Matrix multiply-accumulate operation using mma instruction" and "Asynchronous warpgroup level matrix
// multiply-accumulate instructions".
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <cuda_runtime.h>

enum Kind { FP16, FP16_SUM, BF16, TF32, E4M3_E4M3, E4M3_E5M2, E5M2_E4M3, E5M2_E5M2, WGMMA_E4M3_E4M3, WGMMA_E4M3_E5M2, WGMMA_E5M2_E4M3, WGMMA_E5M2_E5M2, NO_KIND };

// Terms of an instruction.
__host__ __device__ static int depth(int kind) { return kind <= BF16 ? 16 : kind == TF32 ? 8 : 32; }

// Codes of `bytes` bytes from place k on, as one register; a register holds 4 bytes.
__device__ static uint32_t pack(const uint32_t *code, int k, int bytes)
{
    uint32_t r = 0;
    for (int i = 0; i < 4 / bytes; i++)
        r |= code[k + i] << (8 * bytes * i);
    return r;
}

#define MMA_F32(shape, types)                                                                                                \
    asm volatile("mma.sync.aligned." shape ".row.col.f32." types ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))

#define WGMMA(types)                                                                                                         \
    asm volatile("wgmma.mma_async.sync.aligned.m64n8k32.f32." types " {%0, %1, %2, %3}, {%4, %5, %6, %7}, %8, 1, 1, 1;"          \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(column))

// One instruction of a warp: d += a b.
__device__ static void multiply(int kind, float *d, uint32_t *half_d, const uint32_t *a, const uint32_t *b)
{
#if __CUDA_ARCH__ >= 800
    switch (kind) {
    case FP16: MMA_F32("m16n8k16", "f16.f16"); break;
    case BF16: MMA_F32("m16n8k16", "bf16.bf16"); break;
    case TF32: MMA_F32("m16n8k8", "tf32.tf32"); break;
    case FP16_SUM:
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0, %1}, {%2, %3, %4, %5}, {%6, %7}, {%0, %1};"
                     : "+r"(half_d[0]), "+r"(half_d[1]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
        break;
#if __CUDA_ARCH__ >= 890
    case E4M3_E4M3: MMA_F32("m16n8k32", "e4m3.e4m3"); break;
    case E4M3_E5M2: MMA_F32("m16n8k32", "e4m3.e5m2"); break;
    case E5M2_E4M3: MMA_F32("m16n8k32", "e5m2.e4m3"); break;
    case E5M2_E5M2: MMA_F32("m16n8k32", "e5m2.e5m2"); break;
#endif
    }
#endif
}

// The same of a warp group; b lies in shared memory.
__device__ static void multiply_group(int kind, float *d, const uint32_t *a, uint64_t column)
{
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    __syncthreads();
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
    switch (kind) {
    case WGMMA_E4M3_E4M3: WGMMA("e4m3.e4m3"); break;
    case WGMMA_E4M3_E5M2: WGMMA("e4m3.e5m2"); break;
    case WGMMA_E5M2_E4M3: WGMMA("e5m2.e4m3"); break;
    case WGMMA_E5M2_E5M2: WGMMA("e5m2.e5m2"); break;
    }
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
    __syncthreads();
#endif
}

// A block a probe: 32 threads, or 128 for wgmma. a and b hold `terms` codes of each probe; c and d a code each.
__global__ static void run(int kind, int terms, const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *d)
{
    __shared__ __align__(128) uint8_t column[256];         // of wgmma: two core matrices of 8 rows (n) by 16 bytes (k), one after the other
    int lane = threadIdx.x, in_group = lane % 4, bytes = kind <= BF16 ? 2 : kind == TF32 ? 4 : 1, half = depth(kind) / 2;
    bool first = lane < 4;                                 // holds row 0 of a and column 0 of b
    float sum[4] = {0, 0, 0, 0};
    uint32_t half_sum[2] = {0, 0};
    a += (size_t)blockIdx.x * terms;
    b += (size_t)blockIdx.x * terms;
    if (lane == 0) {
        sum[0] = __uint_as_float(c[blockIdx.x]);
        half_sum[0] = c[blockIdx.x];
    }
    for (int k = 0; k < terms; k += depth(kind)) {
        int at = k + in_group * (4 / bytes);
        uint32_t ra[4] = {0, 0, 0, 0}, rb[2] = {0, 0};
        if (first) {
            ra[0] = pack(a, at, bytes);
            ra[2] = pack(a, at + half, bytes);
            rb[0] = pack(b, at, bytes);
            rb[1] = pack(b, at + half, bytes);
        }
        if (kind < WGMMA_E4M3_E4M3) {
            multiply(kind, sum, half_sum, ra, rb);
        } else {
            for (int i = lane; i < 256; i += blockDim.x)
                column[i] = i % 128 < 16 ? (uint8_t)b[k + i / 128 * 16 + i % 128] : 0;
            uint64_t address = (uint64_t)__cvta_generic_to_shared(column);
            // without swizzling: 128 bytes from one core matrix to the next along k; along n there is none
            multiply_group(kind, sum, ra, (address & 0x3ffff) >> 4 | (uint64_t)(128 >> 4) << 16 | (uint64_t)(256 >> 4) << 32);
        }
    }
    if (lane == 0)
        d[blockIdx.x] = kind == FP16_SUM ? half_sum[0] & 0xffff : __float_as_uint(sum[0]);
}

// ---- the host ----

[[noreturn]] static void fail(const std::string &text)
{
    std::cerr << "probe: " << text << "\n";
    std::exit(2);
}

static void check(cudaError_t status)
{
    if (status != cudaSuccess)
        fail(cudaGetErrorString(status));
}

struct Probes {
    std::string a, b, output;
    int terms = 0;
    std::vector<uint32_t> code_a, code_b, c;
};

static uint32_t read_code(std::istringstream &words, unsigned long line)
{
    std::string word;
    if (!(words >> word))
        fail("line " + std::to_string(line) + ": a code is missing");
    return (uint32_t)std::strtoul(word.c_str(), nullptr, 0);
}

static void read_probe(Probes &p, std::istringstream &words, unsigned long line)
{
    std::string word;
    if (p.terms <= 0)
        fail("line " + std::to_string(line) + ": no header says how many terms there are");
    words >> word;                                         // the part
    p.c.push_back(read_code(words, line));
    size_t first = p.code_a.size(), left = p.a == "e8m10" ? 13 : 0;       // tf32 stands in the upper bits of a register
    p.code_a.resize(first + p.terms);
    p.code_b.resize(first + p.terms);
    while (words >> word && word != "=") {
        unsigned long place = std::strtoul(word.c_str(), nullptr, 10);
        if (place >= (unsigned long)p.terms)
            fail("line " + std::to_string(line) + ": there is no place " + word);
        p.code_a[first + place] = read_code(words, line) << left;
        p.code_b[first + place] = read_code(words, line) << left;
    }
}

static Probes read_file(const char *path)
{
    Probes p;
    std::ifstream file(path);
    if (!file)
        fail(std::string("cannot read ") + path);
    unsigned long number = 0;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string hash, key, value;
        number++;
        if (line.empty() || line[0] != '#') {
            if (!line.empty())
                read_probe(p, words, number);
        } else if (words >> hash >> key >> value) {
            if (key == "a:") p.a = value;
            if (key == "b:") p.b = value;
            if (key == "output:") p.output = value;
            if (key == "terms:") p.terms = std::atoi(value.c_str());
        }
    }
    return p;
}

static int find_kind(const Probes &p, bool group)
{
    static const struct { const char *a, *b, *output; int kind; } kinds[] = {
        {"e5m10", "e5m10", "e8m23", FP16},       {"e5m10", "e5m10", "e5m10", FP16_SUM},  {"e8m7", "e8m7", "e8m23", BF16},
        {"e8m10", "e8m10", "e8m23", TF32},       {"e4m3fn", "e4m3fn", "e8m23", E4M3_E4M3}, {"e4m3fn", "e5m2", "e8m23", E4M3_E5M2},
        {"e5m2", "e4m3fn", "e8m23", E5M2_E4M3},  {"e5m2", "e5m2", "e8m23", E5M2_E5M2},
    };
    for (const auto &k : kinds)
        if (p.a == k.a && p.b == k.b && p.output == k.output) {
            if (group && k.kind < E4M3_E4M3)
                fail("wgmma is for FP8 here");
            return group ? k.kind - E4M3_E4M3 + WGMMA_E4M3_E4M3 : k.kind;
        }
    fail("no instruction here multiplies " + p.a + " and " + p.b + " to " + p.output);
}

// What the device must be able to do.
static void check_device(int kind)
{
    cudaDeviceProp device;
    check(cudaGetDeviceProperties(&device, 0));
    int capability = 10 * device.major + device.minor, needed = kind < E4M3_E4M3 ? 80 : kind < WGMMA_E4M3_E4M3 ? 89 : 90;
    if (capability < needed || (kind >= WGMMA_E4M3_E4M3 && capability != 90))
        fail(std::string(device.name) + " does not have this instruction");
    std::cerr << device.name << ", compute capability " << device.major << "." << device.minor << "\n";
}

static uint32_t *to_device(const std::vector<uint32_t> &x)
{
    uint32_t *p;
    check(cudaMalloc(&p, x.size() * sizeof(uint32_t)));
    check(cudaMemcpy(p, x.data(), x.size() * sizeof(uint32_t), cudaMemcpyHostToDevice));
    return p;
}

int main(int argc, char **argv)
{
    bool group = argc == 3 && std::strcmp(argv[2], "wgmma") == 0;
    if (argc != 2 && !group)
        fail("usage: probe FILE [wgmma]");
    Probes p = read_file(argv[1]);
    if (p.c.empty())
        fail(std::string(argv[1]) + " has no probes");
    int kind = find_kind(p, group);
    if (p.terms % depth(kind))
        fail("the instruction takes " + std::to_string(depth(kind)) + " terms; " + std::to_string(p.terms) + " is no multiple of that");
    check_device(kind);
    uint32_t *a = to_device(p.code_a), *b = to_device(p.code_b), *c = to_device(p.c), *d = to_device(p.c);
    run<<<(unsigned)p.c.size(), group ? 128 : 32>>>(kind, p.terms, a, b, c, d);
    check(cudaGetLastError());
    check(cudaDeviceSynchronize());
    check(cudaMemcpy(p.c.data(), d, p.c.size() * sizeof(uint32_t), cudaMemcpyDeviceToHost));
    for (uint32_t code : p.c)
        std::printf(kind == FP16_SUM ? "0x%04x\n" : "0x%08x\n", code);
    return 0;
}
