/* SPDX-License-Identifier: Apache-2.0 */
/* Why a program cannot be executed, where errno does not say it. */
#ifndef WSHD_KEEPER_JOB_PROGRAM_H
#define WSHD_KEEPER_JOB_PROGRAM_H

#include "wshd/keeper/job_command.h"

/* Writes a text for an error of execve; false: errno says it. */
bool job_program_explain(const struct job_command *command, int number, char *text, size_t size);

#endif
