declare module "sha512crypt-node" {
	/** The crypt(3) hash of a password given as bytes in a latin1 string; `setting` is `$6$[rounds=N$]salt`. */
	export function sha512crypt(password: string, setting: string): string;
}
