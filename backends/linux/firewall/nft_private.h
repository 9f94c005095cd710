/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by nft.c and nft_rule.c. */
#ifndef BACKENDS_LINUX_FIREWALL_NFT_PRIVATE_H
#define BACKENDS_LINUX_FIREWALL_NFT_PRIVATE_H

#include "backends/linux/firewall/nft.h"

/* Begins a message of the transaction; `type` is one of enum nf_tables_msg_types. */
struct nlmsghdr *nft_message(struct nft *nft, uint16_t type, uint16_t flags, const char *name);

#endif
