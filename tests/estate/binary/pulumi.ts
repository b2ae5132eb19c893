import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { installEngine, type Properties, type Registration } from "../render/engine.ts";
import { explain } from "../render/errors.ts";
import { openPlatform } from "../render/platform.ts";
import { type App, evaluateApp } from "../render/program.ts";
import { ErrorTrap } from "../render/trap.ts";

/**
 * What the sst binary calls of the `pulumi` command line, on the renderer's engine: the program is the one that the
 * binary itself bundled, and what it registers becomes the events and the checkpoint that the binary reads. Nothing is
 * created anywhere.
 */

const project = resolve(import.meta.dirname, "../../..");
const [command, ...rest] = process.argv.slice(2);

const option = (name: string): string => {
  const value = rest[rest.indexOf(name) + 1];
  if (value === undefined) throw new Error(`pulumi ${command}: no ${name}`);
  return value;
};

/** `organization/tallystick/dev` is the stack of a stage. */
function stackIn(text: string): { readonly app: string; readonly stage: string } {
  const [, app, stage] = text.split("/");
  if (app === undefined || stage === undefined) throw new Error(`"${text}" is no stack`);
  return { app, stage };
}

/** Where the binary expects the state, and carries it from there to S3. The program itself changes the folder. */
const stacks = join(new URL(process.env["PULUMI_BACKEND_URL"] ?? "file:///").pathname, ".pulumi/stacks");

function writeCheckpoint(app: string, stage: string, resources: readonly object[]): void {
  const manifest = { time: new Date(0).toISOString(), magic: "", version: "v3.215.0" };
  const latest = { manifest, resources, metadata: {} };
  const checkpoint = { stack: `organization/${app}/${stage}`, latest };
  mkdirSync(join(stacks, app), { recursive: true });
  writeFileSync(join(stacks, app, `${stage}.json`), JSON.stringify({ version: 3, checkpoint }));
}

/** The stage itself, as Pulumi has it: what the program returns are its outputs. */
const stackType = "pulumi:pulumi:Stack";

/** Pulumi's engine reports by a file of JSON lines. */
class EventLog {
  readonly #file: string;
  #sequence = 0;

  constructor(file: string) {
    this.#file = file;
  }

  write(event: object): void {
    const line = { sequence: this.#sequence, timestamp: 0, ...event };
    this.#sequence += 1;
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

interface Run {
  readonly registrations: readonly Registration[];
  readonly outputs: Properties;
  readonly errors: readonly unknown[];
}

async function runProgram(app: App): Promise<Run> {
  const main = /^main: (.+)$/m.exec(readFileSync("Pulumi.yaml", "utf8"))?.[1];
  if (main === undefined) throw new Error("Pulumi.yaml names no program");
  const errors = new ErrorTrap();
  try {
    const engine = await installEngine(await openPlatform(project), app, process.env["TALLYSTICK_CALLER"]);
    const program = async () =>
      ((await import(pathToFileURL(resolve(main)).href)) as { default: unknown }).default;
    let outputs: Properties = {};
    await errors.until(
      engine.run(program).then((returned) => {
        outputs = returned;
      }),
    );
    return { registrations: engine.registrations, outputs, errors: errors.caught };
  } finally {
    errors.release();
  }
}

/** `preview` and `up` differ in what is kept: nothing is created by either. */
async function update(): Promise<void> {
  const { app: name, stage } = stackIn(option("--stack"));
  const app = await evaluateApp(project, stage);
  const { registrations, outputs: returned, errors } = await runProgram(app);
  const log = new EventLog(option("--event-log"));
  for (const { urn, type, custom, parent = "", inputs, outputs } of registrations) {
    const state = { type, urn, custom, id: "", parent, inputs, outputs, provider: "" };
    const metadata = { op: "create", urn, type, old: null, new: state, logical: true, provider: "" };
    const planning = command === "preview";
    log.write({ resourcePreEvent: { metadata, planning } });
    log.write({ resOutputsEvent: { metadata, planning } });
  }
  for (const error of errors) {
    log.write({
      diagnosticEvent: {
        prefix: "error: ",
        message: explain(error, project),
        color: "never",
        severity: "error",
      },
    });
  }
  log.write({
    summaryEvent: {
      maybeCorrupt: false,
      durationSeconds: 1,
      resourceChanges: { create: registrations.length },
    },
  });
  const recorded = process.env["TALLYSTICK_REGISTRATIONS"];
  if (recorded !== undefined) writeFileSync(recorded, JSON.stringify(registrations));
  if (errors.length > 0) process.exit(1);
  if (command === "up") {
    const kept = registrations.map(({ urn, custom, type, inputs, outputs, parent, name: id }) => ({
      ...{ urn, custom, type, inputs },
      outputs: type === stackType ? returned : { ...inputs, ...outputs },
      ...(custom && { id }),
      ...(parent !== undefined && { parent }),
    }));
    writeCheckpoint(name, stage, kept);
  }
  // Pulumi's SDK leaves timers behind.
  process.exit(0);
}

switch (command) {
  case "version":
    console.log("v3.215.0");
    break;
  case "stack": {
    const { app, stage } = stackIn(rest[1] ?? "");
    writeCheckpoint(app, stage, []);
    break;
  }
  case "preview":
  case "up":
    await update();
    break;
  default:
    console.error(`pulumi ${command}: the sst binary was not known to ask for this`);
    process.exitCode = 2;
}
