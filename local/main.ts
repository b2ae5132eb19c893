import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

// Before anything else is loaded: half of a start is compiling the same sources as the last time.
enableCompileCache(join(import.meta.dirname, "..", ".local", "compile-cache"));
// Some sixty environments run the same code, and V8 would optimize it in each by itself: on two cores that takes longer
// than it ever saves. So do the threads that would help each of them collect its young objects.
setFlagsFromString("--no-turbofan");
setFlagsFromString("--no-parallel-scavenge");
await import("./start.ts");
