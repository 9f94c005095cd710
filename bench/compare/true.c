/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest static program, whose start is the unit of the goals. */
int main(void)
{
	return 0;
}
