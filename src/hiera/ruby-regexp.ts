/** What Ruby's regular expressions have and JavaScript's lack, or mean otherwise; the first that fits a place counts. */
const TRANSLATIONS: readonly (readonly [ruby: RegExp, javascript: string | undefined])[] = [
	[/\\A/y, "(?<![\\s\\S])"],
	[/\\z/y, "(?![\\s\\S])"],
	[/\\Z/y, "(?=\\n?(?![\\s\\S]))"],
	[/\\h/y, "[0-9a-fA-F]"],
	[/\\H/y, "[^0-9a-fA-F]"],
	[/\\s/y, "[ \\t\\r\\n\\f\\v]"],
	[/\\S/y, "[^ \\t\\r\\n\\f\\v]"],
	[/\\[GKRXpPgkyY]/y, undefined],
	[/\\[\s\S]/y, "$&"],
	[/\^/y, "(?<![^\\n])"],
	[/\$/y, "(?![^\\n])"],
	[/\./y, "[^\\n]"],
	[/\(\?(?::|=|!|<=|<!|<[A-Za-z_]\w*>)/y, "$&"],
	[/\(\?/y, undefined],
	[/[*+?}]\+/y, undefined],
	[/[\s\S]/y, "$&"],
];

const CLASS_TRANSLATIONS: readonly (readonly [ruby: RegExp, javascript: string | undefined])[] = [
	[/\[:alpha:\]/y, "\\p{Alphabetic}"],
	[/\[:alnum:\]/y, "\\p{Alphabetic}\\p{Nd}"],
	[/\[:digit:\]/y, "\\p{Nd}"],
	[/\[:upper:\]/y, "\\p{Uppercase}"],
	[/\[:lower:\]/y, "\\p{Lowercase}"],
	[/\[:space:\]/y, "\\s"],
	[/\[:xdigit:\]/y, "0-9a-fA-F"],
	[/\[:word:\]/y, "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"],
	[/\\h/y, "0-9a-fA-F"],
	[/\\s/y, " \\t\\r\\n\\f\\v"],
	[/\\[\s\S]/y, "$&"],
	[/\[|&&/y, undefined],
	[/[\s\S]/y, "$&"],
];

/**
 * A regular expression of Ruby's, which has other anchors (`^` and `$` are a line's, `\A` and `\z` the text's) and some
 * things that JavaScript's has not.
 *
 * @returns `undefined` where it is none, or has what can't be said in JavaScript
 */
export function rubyRegexp(source: string, flags = ""): RegExp | undefined {
	// From here on in any case: in JavaScript that is a flag of the whole.
	const anyCase = /^(\^|\\A)?\(\?i\)/.exec(source);
	if (anyCase) return rubyRegexp((anyCase[1] ?? "") + source.slice(anyCase[0].length), `${flags}i`);
	const translated = translate(source);
	if (translated === undefined) return undefined;
	try {
		// Characters beyond the first plane are one character in Ruby, whereas the flag u refuses needless backslashes.
		return new RegExp(translated, /[^\0-\u{ffff}]|\\p\{/u.test(translated) ? `${flags}u` : flags);
	} catch {
		return undefined;
	}
}

function translate(source: string): string | undefined {
	let translated = "";
	let inClass = false;
	for (let at = 0; at < source.length; ) {
		const opens: boolean = !inClass && source[at] === "[";
		const closes: boolean = inClass && source[at] === "]";
		if (opens || closes) {
			inClass = opens;
			translated += source[at++];
			continue;
		}
		for (const [ruby, javascript] of inClass ? CLASS_TRANSLATIONS : TRANSLATIONS) {
			ruby.lastIndex = at;
			const [found] = ruby.exec(source) ?? [];
			if (found === undefined) continue;
			if (javascript === undefined) return undefined;
			translated += javascript === "$&" ? found : javascript;
			at += found.length;
			break;
		}
	}
	return translated;
}
