/* SGD with distillation on least squares as one would write it in C: one replicate after the other, the state in cache.
   gcc -O3 -march=native -ffast-math vectorises both inner loops.  The state is aligned: where malloc happens to put it costs up to a third (a
   vector that straddles two cache lines, or two pages), which changes from process to process and would flatter whoever is compared. */
#include <stdint.h>
#include <stdlib.h>

static uint64_t state[4];

static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

/* xoshiro256**, the generator one reaches for */
static inline uint64_t next(void) {
    uint64_t result = rotate(state[1] * 5, 7) * 9, t = state[1] << 17;
    state[2] ^= state[0]; state[3] ^= state[1]; state[1] ^= state[2]; state[0] ^= state[3];
    state[2] ^= t; state[3] = rotate(state[3], 45);
    return result;
}

void sgd(const double *features, const double *targets, const double *taught, const double *best, const double *x0, long n, long d,
         long replicates, long steps, long every, double gamma, double weight, uint64_t seed, double *curve) {
    double *x = aligned_alloc(64, (d * sizeof(double) + 63) / 64 * 64);
    for (int k = 0; k < 4; k++) state[k] = (seed + k + 1) * 0x9E3779B97F4A7C15u;
    for (long t = 0; t <= steps / every; t++) curve[t] = 0;
    for (long r = 0; r < replicates; r++) {
        for (long j = 0; j < d; j++) x[j] = x0[j];
        for (long t = 0; t <= steps; t++) {
            if (t % every == 0) {
                double square = 0;
                for (long j = 0; j < d; j++) square += (x[j] - best[j]) * (x[j] - best[j]);
                curve[t / every] += square / replicates;
            }
            long i = (long)(((unsigned __int128)next() * n) >> 64);
            const double *row = features + i * d;
            double inner = 0;
            for (long j = 0; j < d; j++) inner += row[j] * x[j];
            double residual = inner - targets[i] - weight * taught[i];
            for (long j = 0; j < d; j++) x[j] -= gamma * residual * row[j];
        }
    }
    free(x);
}
