/* SPDX-License-Identifier: Apache-2.0 */
/* What ps shows of a process. */
#ifndef WSHD_PROCESS_TITLE_H
#define WSHD_PROCESS_TITLE_H

/* Remembers where the arguments lie; once, with main's, before they are changed. */
void process_title_init(char **argv);

/* Sets the title, cut to the room that the arguments took. A fork may set its own. */
void process_title_set(const char *title);

#endif
