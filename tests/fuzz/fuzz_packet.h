/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile packets of wshd's protocol, made from an input. */
#ifndef TESTS_FUZZ_FUZZ_PACKET_H
#define TESTS_FUZZ_FUZZ_PACKET_H

#include "tests/fuzz/fuzz.h"

/* Opens the descriptors that packets carry: a pipe, a file, a socket. */
void fuzz_packet_open(void);

/* Sends a packet: a byte is its type, a position in the list of types, or over 127 an own length;
 * the next byte is the number and the kinds of its descriptors, 0xff: as many as the type takes;
 * the message follows. False if the socket does not take it. */
bool fuzz_packet_send(int socket, struct fuzz_input *input);

#endif
