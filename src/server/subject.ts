/** Who sends a request, as far as that is known. */
export type Subject =
	| { readonly kind: "socket"; readonly uid: number | undefined }
	| { readonly kind: "certificate"; readonly name: string }
	| { readonly kind: "token"; readonly name: string }
	| { readonly kind: "anyone"; readonly address: string };

/** As the audit and the log have it: `certificate web1.example.com`. */
export function nameOf(subject: Subject): string {
	if (subject.kind === "socket") return subject.uid === undefined ? "socket" : `socket uid ${subject.uid}`;
	return `${subject.kind} ${subject.kind === "anyone" ? subject.address : subject.name}`;
}
