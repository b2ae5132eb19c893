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

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const [noun, verb, id, ...rest] = positionals;
  if (values.help || noun === undefined) return console.log(usage);
  const command = `${noun} ${verb ?? ""}`.trim();
  if (rest.length > 0) throw new Refusal(`too many arguments for ${command}\n\n${usage}`);

  const api = new Api(operatorConnection(values["state-directory"]));
  const named = (): string => {
    if (id === undefined) throw new Refusal(`${command} needs an id\n\n${usage}`);
    return id;
  };
  const tell = (line: string): void => console.log(line);
  switch (command) {
    case "dead-letters list":
      return tell(await listDeadLetters(api, values.state));
    case "dead-letters show":
      return tell(await showDeadLetter(api, named()));
    case "dead-letters replay":
      return tell(values.all ? await replayAll(api, tell) : await replayDeadLetter(api, named()));
    default:
      throw new Refusal(`there is no command "${command}"\n\n${usage}`);
  }
}

main().catch((thrown: unknown) => {
  console.error(thrown instanceof Refusal ? thrown.message : thrown);
  process.exitCode = 1;
});
