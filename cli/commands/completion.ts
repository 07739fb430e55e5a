import { TroclaError } from "../../src/errors.js";
import { didYouMean } from "../../src/nearest.js";
import type { Run } from "../commands.js";
import { print } from "../output.js";

const scripts: { readonly [shell: string]: string } = {
	bash: `# trocla's completion for bash
_trocla() {
	local IFS=$'\\n'
	mapfile -t COMPREPLY < <(trocla complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _trocla trocla
`,
	zsh: `#compdef trocla
# trocla's completion for zsh
_trocla() {
	local -a found
	found=("\${(@f)$(trocla complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
	[[ -n "$found" ]] && compadd -a found || _files
}
if [ "$funcstack[1]" = "_trocla" ]; then _trocla "$@"; else compdef _trocla trocla; fi
`,
	fish: `# trocla's completion for fish
complete -c trocla -f -a '(trocla complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

/** Prints the completion script of a shell. */
export const run: Run = async (_, [shell = ""]) => {
	const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
	if (script === undefined) {
		throw new TroclaError(
			"invalid",
			`no completion for ${JSON.stringify(shell)}`,
			didYouMean(shell, Object.keys(scripts)),
		);
	}
	print(script);
	return 0;
};
