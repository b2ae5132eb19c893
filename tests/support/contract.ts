import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Deviation } from "./deviations/deviation.ts";
import { deviationsOf } from "./deviations/deviations.ts";

/** Whom a contract suite runs on. */
export interface Subject {
  readonly name: string;
  /** Of another emulator; undefined for our own engine. */
  readonly endpoint: string | undefined;
}

/** An emulator that comes with the tests. */
export interface Emulator {
  readonly name: string;
  start(): Promise<{ readonly endpoint: string; stop(): Promise<void> }>;
}

interface Stoppable {
  stop(): Promise<void>;
}

interface ContractOptions<T extends Stoppable> {
  /** As AWS's variables name it: `SQS` of `AWS_ENDPOINT_URL_SQS`. */
  readonly service: string;
  /** One of several suites of the service: its deviations are listed under `<service> <part>`. */
  readonly part?: string;
  /** What the suite runs on too, when no variable names another. */
  readonly emulator?: Emulator;
  /** Anew for each test. */
  readonly open: (subject: Subject) => Promise<T>;
}

/** What a suite is written with. Names of groups and behaviours make a sentence. */
export interface Suite<T> {
  /** What the test runs on. */
  use(): T;
  group(name: string, define: () => void): void;
  /** What AWS does, and whoever stands in for it. */
  behaviour(name: string, act: () => Promise<void>): void;
  /** What can be asked of our own engine only: it needs a moved clock, a restart, or a look into its files. */
  ours(name: string, act: () => Promise<void> | void): void;
}

const ours: Subject = { name: "our engine", endpoint: undefined };

/**
 * A suite on our engine and on the emulator that comes with the tests; or, when `AWS_ENDPOINT_URL_<SERVICE>` or
 * `AWS_ENDPOINT_URL` names another, on that one alone. One under the catch-all that lacks the service leaves it to
 * ours. `AWS_EMULATOR` says which list of deviations holds for it.
 */
export async function contract<T extends Stoppable>(
  options: ContractOptions<T>,
  define: (suite: Suite<T>) => void,
): Promise<void> {
  const { service, emulator, open } = options;
  const named = process.env[`AWS_ENDPOINT_URL_${service}`];
  const endpoint = named ?? process.env["AWS_ENDPOINT_URL"];
  if (endpoint !== undefined) {
    const other: Subject = { name: process.env["AWS_EMULATOR"] ?? endpoint, endpoint };
    const lacks = named === undefined ? await reasonNotToOpen(() => open(other)) : undefined;
    if (lacks === undefined) return suiteOn(options, running(other), define);
    console.info(`${service}: ${other.name} does not have it, our engine runs instead: ${lacks}`);
  }
  suiteOn(options, running(ours), define);
  if (endpoint === undefined && emulator !== undefined) suiteOn(options, emulator, define);
}

const running = ({ name, endpoint }: Subject) => ({
  name,
  start: async () => ({ endpoint, stop: async () => undefined }),
});

function suiteOn<T extends Stoppable>(
  { service, part, open }: ContractOptions<T>,
  { name, start }: { readonly name: string; start(): Promise<Pick<Subject, "endpoint"> & Stoppable> },
  define: (suite: Suite<T>) => void,
): void {
  const suite = part === undefined ? service : `${service} ${part}`;
  describe(`${suite} of ${name}`, () => {
    let started: Awaited<ReturnType<typeof start>>;
    let opened: T | undefined;
    let oursAlone = 0;
    const deviations = new Map(Object.entries(deviationsOf(name, suite)));
    const prefix: string[] = [];
    const sentence = (behaviour: string): string => [...prefix, behaviour].join(" ");

    beforeAll(async () => {
      started = await start();
    });
    beforeEach(async () => {
      opened = await open({ name, endpoint: started.endpoint });
    });
    afterEach(() => opened?.stop());
    afterAll(async () => {
      await started.stop();
      if (oursAlone > 0) {
        console.info(`${suite} of ${name}: behaviours asked of our own engine only: ${oursAlone}`);
      }
    });

    define({
      use: () => opened ?? expect.fail("nothing is open"),
      group: (group, inner) => {
        prefix.push(group);
        inner();
        prefix.pop();
      },
      behaviour: (behaviour, act) => {
        const whole = sentence(behaviour);
        const deviation = deviations.get(whole);
        deviations.delete(whole);
        if (deviation === undefined) test(whole, act);
        else test(`${whole} – AWS ${deviation.aws}`, () => expectDeviation(name, deviation, act));
      },
      ours: (behaviour, act) => {
        if (name === ours.name) test(sentence(behaviour), act);
        else oursAlone += 1;
      },
    });
    test("each known deviation names a behaviour of this suite", () => {
      expect([...deviations.keys()]).toEqual([]);
    });
  });
}

/** The emulator still does what is known of it: when it does as AWS, or something else again, the list is stale. */
async function expectDeviation(
  emulator: string,
  { instead }: Deviation,
  act: () => Promise<void>,
): Promise<void> {
  const failure = await act().then(
    () => `nothing: ${emulator} does as AWS by now, so take this off its deviations`,
    (thrown: unknown) => `${thrown} ${inspect((thrown as { actual?: unknown }).actual)}`,
  );
  expect(failure).toContain(instead);
}

async function reasonNotToOpen(open: () => Promise<Stoppable>): Promise<string | undefined> {
  try {
    await (await open()).stop();
    return undefined;
  } catch (thrown) {
    return String(thrown).split("\n", 1)[0];
  }
}
