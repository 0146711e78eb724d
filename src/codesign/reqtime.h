/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQTIME_H
#define PORTCULLIS_CODESIGN_REQTIME_H

/*
 * Points in time: seconds since the beginning of 2001 in Greenwich, without leap seconds. As text
 * YYYYMMDDhhmmssZ; what is outside of the years 0 to 9999 is @SECONDS.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQ_TIME_TEXT_SIZE 32u /* with the NUL */

/* The beginning of 2001 by the clock of Unix. */
#define REQ_TIME_EPOCH INT64_C(978307200)

/* False: it is none. Also takes YYYYMMDD, YYYY-MM-DD and YYYY-MM-DDThh:mm:ssZ. */
bool req_time_parse(const char *text, size_t n, int64_t *ret);
void req_time_format(int64_t time, char ret[static REQ_TIME_TEXT_SIZE]);

#endif
