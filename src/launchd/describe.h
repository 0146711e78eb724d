/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_DESCRIBE_H
#define PORTCULLIS_LAUNCHD_DESCRIBE_H

/*
 * What `launchctl print` shows, as property lists in XML: a dictionary of a job, or of the domain.
 * launchctl(1) lists the keys.
 */

#include "launchd/domain.h"

/* On the heap, without a NUL in *ret_size. 0 or -ENOMEM. */
int describe_job(const Job *job, char **ret, size_t *ret_size) _warn_unused_;
int describe_domain(char **ret, size_t *ret_size) _warn_unused_;

#endif
