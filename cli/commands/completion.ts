import { TroclaError } from "../../src/errors.js";
import { didYouMean } from "../../src/nearest.js";
import type { Run } from "../commands.js";
import { print } from "../output.js";

const scripts: { readonly [shell: string]: string } = {
	// bash splits words at ":", "=" and "@" too, replaces only what is behind the last of them ($2), and inserts what
	// it is given as it stands; so the words are joined again where no blank was between them, what is in front of $2
	// is cut off, and the rest is quoted.
	bash: `# trocla's completion for bash
_trocla() {
	local rest="\${COMP_LINE:0:COMP_POINT}" word blank current head open= i
	local -a words=() found=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		blank="\${rest%%[![:blank:]]*}"
		rest="\${rest#"$blank"}"
		word="\${COMP_WORDS[i]}"
		((i < COMP_CWORD)) || word="$rest"
		rest="\${rest#"$word"}"
		if ((i == 0)) || [[ -n $blank ]]; then words+=("$word"); else words[-1]+="$word"; fi
	done
	[[ "\${words[-1]}" != [\\'\\"]* ]] || open="\${words[-1]:0:1}"
	for i in "\${!words[@]}"; do words[i]="$(_trocla_unquote "\${words[i]}")"; done
	current="\${words[-1]}"
	head="\${current%"$(_trocla_unquote "$2")"}"
	mapfile -t found < <(trocla complete -- "\${words[@]:1}" 2>/dev/null)
	COMPREPLY=()
	for word in "\${found[@]}"; do
		case "$open" in
		"") printf -v word %q "\${word#"$head"}" ;;
		\\') [[ "$word" != *\\'* ]] || continue ;;
		*) [[ "$word" != *[\\"\\$\\\`\\\\!]* ]] || continue ;;
		esac
		COMPREPLY+=("$word")
	done
}
_trocla_unquote() {
	local word="$1"
	case "$word" in
	\\'*) word="\${word#\\'}" word="\${word%\\'}" ;;
	\\"*) word="\${word#\\"}" word="\${word%\\"}" ;;
	*) word="\${word//\\\\/}" ;;
	esac
	printf %s "$word"
}
complete -o default -F _trocla trocla
`,
	// zsh and fish quote by themselves, and want to be asked with the word unquoted.
	zsh: `#compdef trocla
# trocla's completion for zsh
_trocla() {
	local -a found
	found=("\${(@f)$(trocla complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
	[[ -n "$found" ]] && compadd -a found || _files
}
if [ "$funcstack[1]" = "_trocla" ]; then _trocla "$@"; else compdef _trocla trocla; fi
`,
	fish: `# trocla's completion for fish
function __trocla_current
	set -l word (commandline -ct)
	for quote in '' "'" '"'
		string unescape -- "$word$quote" 2>/dev/null; and return
	end
	printf '%s\\n' "$word"
end
function __trocla_candidates
	set -l found (trocla complete -- (commandline -opc)[2..] (__trocla_current) 2>/dev/null)
	if set -q found[1]
		printf '%s\\n' $found
	else
		__fish_complete_path (commandline -ct)
	end
end
complete -c trocla -f -a '(__trocla_candidates)'
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
