/* SPDX-License-Identifier: MIT */
/*
 * How fast something grows, and how sure that is: the median of the slopes of all pairs of points
 * (Theil, "A rank-invariant method of linear and polynomial regression analysis", 1950), with the
 * interval of P. K. Sen ("Estimates of the regression coefficient based on Kendall's tau", Journal
 * of the American Statistical Association 63, 1968). A third of the points may be anything (a burst
 * of requests, a collection that was just done) and the median still is that of the rest, which no
 * least-squares line can promise.
 *
 * The interval covers the true slope with a probability of about 95%, by the normal approximation
 * of Kendall's S; with fewer than five points it is the range of all pairs, and covers it less
 * often. Equal values make it wider than it need be, never narrower.
 */
#ifndef SNAP_TOOLS_REPORT_SLOPE_H
#define SNAP_TOOLS_REPORT_SLOPE_H

#include <stdbool.h>
#include <stdint.h>

/** Of more points than this so many are taken, evenly spread, the first and the last among them. */
enum { SLOPE_POINTS_MAX = 256 };

struct slope {
    double mid, low, high; /* y a unit of x; low <= mid <= high; equal with two points */
    uint32_t n;            /* points that were taken; below 2: there is no slope */
};

/** The slope of n points. Points of one x make no pair; with no pair left n is 0. Finite numbers
 *  only. False without memory. O(n + m^2 log m), m = min(n, SLOPE_POINTS_MAX). */
bool slope_find(const double *x, const double *y, uint32_t n, struct slope *out);

#endif
