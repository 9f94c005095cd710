/* SPDX-License-Identifier: Apache-2.0 */
/* The process title that ps shows. */
#ifndef WSHD_PROCESS_TITLE_H
#define WSHD_PROCESS_TITLE_H

/* Stores where the arguments are in memory. Called once, with the argv of main. */
void process_title_init(char **argv);

/* Sets the title, truncated to the size of the arguments. A forked process may set its own. */
void process_title_set(const char *title);

#endif
