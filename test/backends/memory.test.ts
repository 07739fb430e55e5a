import { openMemory } from "../../backends/memory.js";
import { conforms } from "./conformance.js";

conforms(async () => openMemory());
