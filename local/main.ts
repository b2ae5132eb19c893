import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Before anything else is loaded: half of a start is compiling the same sources as the last time.
enableCompileCache(join(import.meta.dirname, "..", ".local", "compile-cache"));
await import("./start.ts");
