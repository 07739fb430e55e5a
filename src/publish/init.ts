import type { Trocla } from "../trocla.js";
import type { PublishPlaces } from "./settings.js";
import { makeSigningKey } from "./signer.js";
import type { SigningKey } from "./signing-key.js";
import type { Draft } from "./tree/draft.js";
import { withTree } from "./tree/tree.js";

/** What `trocla publish --init` did. */
export interface Initialised {
	/** 40 hex digits in capitals. */
	readonly fingerprint: string;
	/** Whether the key was made now. */
	readonly made: boolean;
	/** The public key's files; none where hosts are still signed with another key: to publish them exports this one. */
	readonly files: readonly string[];
}

/**
 * Makes the signing key where it is not there yet, and the tree, and exports the key's public part to it: as gpgv reads
 * it, and armored. To do it again changes nothing. Where the tree has hosts of another key, that one's public part stays
 * until they are published.
 */
export async function initPublishing(
	trocla: Pick<Trocla, "get" | "peek">,
	{ tree, signingKey }: PublishPlaces,
): Promise<Initialised> {
	const before = await trocla.peek(signingKey, "openpgp");
	const key = await makeSigningKey(trocla, signingKey);
	const files = await withTree(tree, { create: true }, async (draft) =>
		isOtherInUse(draft, key) ? [] : exportKey(draft, key),
	);
	return { fingerprint: key.fingerprint, made: before === undefined, files };
}

const ARMORED = "signing-key.asc";

/** Whether hosts are signed with another key, whose public part the tree has. */
function isOtherInUse(draft: Draft, key: SigningKey): boolean {
	return isOther(draft, key) && (draft.current?.hosts() ?? []).length > 0;
}

/** Whether the tree has the public part of another key, which is what those who read it know. */
export function isOther(draft: Draft, { publicArmored }: SigningKey): boolean {
	const exported = draft.readBeside(ARMORED);
	return exported !== undefined && exported !== publicArmored;
}

/** Writes the public key beside the sets, where it is not there yet: as the file of `gpgv --keyring`, and armored. */
export function exportKey(draft: Draft, { publicKey, publicArmored }: SigningKey): readonly string[] {
	return [draft.beside("signing-key.gpg", publicKey), draft.beside(ARMORED, publicArmored)];
}
