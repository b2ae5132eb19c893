import { openPlatform } from "./render/platform.ts";

/** Unpacks SST's platform once, before the test files that need it run side by side. */
export default async function setup(): Promise<void> {
  await openPlatform(new URL("../..", import.meta.url).pathname);
}
