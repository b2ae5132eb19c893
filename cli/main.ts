import { parseArgs } from "node:util";
import { Api } from "./api.ts";
import { operatorConnection } from "./connection.ts";
import { listDeadLetters, replayAll, replayDeadLetter, showDeadLetter } from "./dead-letters.ts";
import { Refusal } from "./refusal.ts";

const usage = `npm run ops -- <command>   what operations do, from a terminal

  dead-letters list [--state open|replayed|all]   what was given up, newest first
  dead-letters show <dl_…>                        one of them, with what it held
  dead-letters replay <dl_…> | --all              gives it back to what failed on it

  --state-directory <directory>   of the local system (.local)
  --help

It calls the local system as its operator. Another one: TALLYSTICK_API, TALLYSTICK_TOKEN_URL, TALLYSTICK_CLIENT_ID,
TALLYSTICK_CLIENT_SECRET.`;

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        state: { type: "string", default: "open" },
        all: { type: "boolean", default: false },
        "state-directory": { type: "string", default: ".local" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n\n${usage}`, { cause: error });
  }
}

interface Arguments {
  readonly values: ReturnType<typeof readArguments>["values"];
  /** What stands behind the command. */
  readonly rest: readonly string[];
}

/** Commands by their two words. Each answers what is printed. */
const commands: Readonly<Record<string, (given: Arguments) => Promise<string>>> = {
  "dead-letters list": ({ values }) => listDeadLetters(operator(values), values.state),
  "dead-letters show": ({ values, rest }) => showDeadLetter(operator(values), theOne(rest, "dl_…")),
  "dead-letters replay": ({ values, rest }) =>
    values.all
      ? replayAll(operator(values), tell)
      : replayDeadLetter(operator(values), theOne(rest, "dl_… or --all")),
};

const tell = (line: string): void => console.log(line);

const operator = (values: Arguments["values"]): Api => new Api(operatorConnection(values["state-directory"]));

function theOne(rest: readonly string[], what: string): string {
  const [id, ...more] = rest;
  if (id === undefined || more.length > 0) throw new Refusal(`this command needs one ${what}\n\n${usage}`);
  return id;
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help || positionals.length === 0) return tell(usage);
  const [noun = "", verb = "", ...rest] = positionals;
  const name = `${noun} ${verb}`.trim();
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new Refusal(`there is no command "${name}"\n\n${usage}`);
  tell(await command({ values, rest }));
}

main().catch((thrown: unknown) => {
  console.error(thrown instanceof Refusal ? thrown.message : thrown);
  process.exitCode = 1;
});
