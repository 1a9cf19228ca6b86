/* SPDX-License-Identifier: MIT */
/* The median of slopes and its interval; the sources stand in the header. */
#include "report/slope.h"

#include <math.h>
#include <stdlib.h>

/* Two-sided 95% of the normal distribution. */
static const double z95 = 1.959964;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The point number i of the m that are taken of n. */
static uint32_t taken(uint32_t i, uint32_t m, uint32_t n)
{
    return m == n ? i : (uint32_t)((uint64_t)i * (n - 1) / (m - 1));
}

/* Slopes of all pairs of the points that are taken; their number. */
static uint32_t pairs(const double *x, const double *y, uint32_t n, uint32_t m, double *slopes)
{
    uint32_t n_pairs = 0;
    for (uint32_t i = 0; i < m; i++) {
        for (uint32_t k = i + 1; k < m; k++) {
            uint32_t a = taken(i, m, n), b = taken(k, m, n);
            double s = (y[b] - y[a]) / (x[b] - x[a]);
            if (x[a] != x[b] && isfinite(s)) slopes[n_pairs++] = s;
        }
    }
    return n_pairs;
}

bool slope_find(const double *x, const double *y, uint32_t n, struct slope *out)
{
    uint32_t m = n < SLOPE_POINTS_MAX ? n : SLOPE_POINTS_MAX;
    *out = (struct slope){ 0 };
    if (m < 2) return true;
    double *slopes = malloc((size_t)m * (m - 1) / 2 * sizeof *slopes);
    if (!slopes) return false;
    uint32_t n_pairs = pairs(x, y, n, m, slopes);
    if (n_pairs) {
        qsort(slopes, n_pairs, sizeof *slopes, ascending);
        double points = m, spread = z95 * sqrt(points * (points - 1) * (2 * points + 5) / 18);
        double below = floor((n_pairs - spread) / 2); /* how many lie under the interval */
        uint32_t skip = below > 1 ? (uint32_t)below - 1 : 0;
        *out = (struct slope){ .n = m,
                               .mid = (slopes[(n_pairs - 1) / 2] + slopes[n_pairs / 2]) / 2,
                               .low = slopes[skip],
                               .high = slopes[n_pairs - 1 - skip] };
    }
    free(slopes);
    return true;
}
