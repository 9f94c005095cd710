/* SPDX-License-Identifier: Apache-2.0 */
/* Where the file system puts the containers of a depot. */
#ifndef CORE_STATE_DEPOT_SPREAD_H
#define CORE_STATE_DEPOT_SPREAD_H

/* Lets ext4 without a journal spread what is made in this directory over its block groups. A hint:
 * if it cannot be given only time is lost. */
void depot_spread(int directory_fd);

#endif
