/* SPDX-License-Identifier: Apache-2.0 */
/* Where some programs look for it. */
#include <servers/bootstrap.h>
