import { TroclaError } from "../errors.js";

/** Why a file that another program wrote can't be read, of what the system said. */
export function unreadable(path: string, error: unknown, hint?: string): TroclaError {
	const { code, message } = error as NodeJS.ErrnoException;
	switch (code) {
		case "ENOENT":
		case "ENOTDIR":
			return sourceError(`there is no ${path}`, hint ?? "Name the file with --file");
		case "EACCES":
		case "EPERM":
			return sourceError(`${path} may not be read`, "Run it as the user who owns it, or as root");
		case "EISDIR":
			return sourceError(`${path} is a directory`, hint ?? "Name the file with --file");
		default:
			return sourceError(`${path} can't be read: ${message}`, hint);
	}
}

/** What is to be imported can't be read at all. */
export function sourceError(message: string, hint?: string): TroclaError {
	return new TroclaError("source", message, hint);
}
