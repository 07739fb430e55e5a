import { describe } from "vitest";
import { missing } from "../../support/peers.js";
import { mysqlStore } from "../../support/stores/mysql.js";
import { keepsPromises } from "../../support/stores/promises.js";

describe.skipIf(missing("mariadbd"))("MariaDB", () => keepsPromises(mysqlStore));
