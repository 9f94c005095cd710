# SPDX-License-Identifier: Apache-2.0
# Completion of warden for fish; written by `warden completion fish`.
function __warden_complete
	set -l words (commandline -opc) (commandline -ct)
	for line in ($words[1] complete -- $words[2..-1] 2>/dev/null)
		switch $line
			case :files
				__fish_complete_path (commandline -ct)
			case :directories
				__fish_complete_directories (commandline -ct)
			case '*'
				echo $line
		end
	end
end
complete -c warden -f -a '(__warden_complete)'
