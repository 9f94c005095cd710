/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for shells. They call `warden complete`, so that they contain nothing of
 * the table. The installed files are the output of `warden completion`. */
#include <config.h>

#include "client/cli/cli.h"

#include <string.h>

static const char bash[] =
	"# SPDX-License-Identifier: Apache-2.0\n"
	"# shellcheck shell=bash\n"
	"# Completion of warden for bash; written by `warden completion bash`.\n"
	"_warden()\n"
	"{\n"
	"\tlocal line word=${COMP_WORDS[COMP_CWORD]}\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tcase $line in\n"
	"\t\t:files) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") && compopt -o filenames ;;\n"
	"\t\t:directories) mapfile -t COMPREPLY < <(compgen -d -- \"$word\") && compopt -o "
	"filenames ;;\n"
	"\t\t*) COMPREPLY+=(\"$(printf %q \"${line%%$'\\t'*}\")\") ;;\n"
	"\t\tesac\n"
	"\tdone < <(\"${COMP_WORDS[0]}\" complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
	"2>/dev/null)\n"
	"}\n"
	"complete -F _warden warden\n";

static const char zsh[] =
	"#compdef warden\n"
	"# SPDX-License-Identifier: Apache-2.0\n"
	"# Completion of warden for zsh; written by `warden completion zsh`.\n"
	"_warden() {\n"
	"\tlocal line\n"
	"\tlocal -a candidates\n"
	"\n"
	"\tfor line in \"${(@f)$(${words[1]} complete -- \"${(@)words[2,CURRENT]}\" "
	"2>/dev/null)}\"; do\n"
	"\t\tcase $line in\n"
	"\t\t'') ;;\n"
	"\t\t:files) _files ;;\n"
	"\t\t:directories) _files -/ ;;\n"
	"\t\t*) candidates+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\t(( $#candidates )) && _describe warden candidates\n"
	"}\n"
	"if [ \"$funcstack[1]\" = _warden ]; then _warden \"$@\"; else compdef _warden warden; "
	"fi\n";

static const char fish[] = "# SPDX-License-Identifier: Apache-2.0\n"
			   "# Completion of warden for fish; written by `warden completion fish`.\n"
			   "function __warden_complete\n"
			   "\tset -l words (commandline -opc) (commandline -ct)\n"
			   "\tfor line in ($words[1] complete -- $words[2..-1] 2>/dev/null)\n"
			   "\t\tswitch $line\n"
			   "\t\t\tcase :files\n"
			   "\t\t\t\t__fish_complete_path (commandline -ct)\n"
			   "\t\t\tcase :directories\n"
			   "\t\t\t\t__fish_complete_directories (commandline -ct)\n"
			   "\t\t\tcase '*'\n"
			   "\t\t\t\techo $line\n"
			   "\t\tend\n"
			   "\tend\n"
			   "end\n"
			   "complete -c warden -f -a '(__warden_complete)'\n";

int cmd_completion(struct invocation *invocation)
{
	static const struct {
		const char *shell, *text;
	} scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

	if (invocation->n_words != 1)
		return usage_error(invocation, "needs one of bash, zsh and fish");
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (strcmp(scripts[i].shell, invocation->words[0]) == 0) {
			fputs(scripts[i].text, stdout);
			return 0;
		}
	return usage_error(invocation, "'%s' is none of bash, zsh and fish", invocation->words[0]);
}
