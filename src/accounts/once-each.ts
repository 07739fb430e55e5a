/** A function of objects that does its work once for each of them: what it gave is kept as long as the object is. */
export function onceEach<Of extends object, Result>(make: (of: Of) => Result): (of: Of) => Result {
	const made = new WeakMap<Of, { readonly result: Result }>();
	return (of) => {
		const known = made.get(of);
		if (known) return known.result;
		const result = make(of);
		made.set(of, { result });
		return result;
	};
}
