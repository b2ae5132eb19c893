import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  GetExecutionHistoryCommand,
  ListStateMachinesCommand,
  type SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { sinceFlaw } from "#core/failover/since.ts";
import { segmentsMax, sinceTime } from "#workflows/failover/contract.ts";
import { Refusal } from "./refusal.ts";

/** What an operator types. */
export interface TypedFailover {
  readonly stage?: string | undefined;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  readonly evidence?: string | undefined;
  readonly since?: string | undefined;
  readonly segments?: string | undefined;
}

/** Step Functions gives an account few looks at histories in a second. */
const pollMs = 5_000;
/** Pages of state machines, of 100 each. */
const pagesMax = 10;

/**
 * Starts the failover of the region that the client calls, and tells what it does until its end. It does not go through
 * the API: that of a region which stands by answers nobody.
 * @throws Refusal when a word is missing, there is no such stage in the region, or the workflow fails.
 */
export async function startFailover(
  client: Pick<SFNClient, "send">,
  typed: TypedFailover,
  tell: (line: string) => void,
): Promise<string> {
  const { stage = "local", by, reason, evidence, since } = typed;
  if (by === undefined || reason === undefined || evidence === undefined)
    throw new Refusal("say --by whom it was decided, for what --reason, and by which --evidence");
  const segments = typed.segments === undefined ? undefined : Number(typed.segments);
  if (segments !== undefined && !(Number.isInteger(segments) && segments >= 1 && segments <= segmentsMax))
    throw new Refusal(`--segments is a whole number from 1 to ${segmentsMax}`);
  requireSince(since, Date.now());
  const word = {
    ...{ by, reason, evidence, since },
    ...(segments !== undefined && { segments }),
  };
  const stateMachineArn = await machineOf(client, `tallystick-${stage}-failover`);
  const started = await client.send(
    new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(word) }),
  );
  const executionArn = started.executionArn ?? "";
  tell(`${executionArn}: started`);
  return follow(client, executionArn, tell);
}

/** @throws Refusal where it is missing, no time, or none that the failover can look back to. */
function requireSince(since: string | undefined, now: number): void {
  if (since === undefined)
    throw new Refusal(
      "say --since when what was written may have arrived in part: when replication was last known to be whole, minus a margin (docs/runbooks/failover.md)",
    );
  const at = sinceTime.safeParse(since);
  const flaw = at.success ? sinceFlaw(at.data, now) : at.error.issues[0]?.message;
  if (flaw !== undefined) throw new Refusal(`--${flaw}`);
}

async function machineOf(client: Pick<SFNClient, "send">, name: string): Promise<string> {
  let nextToken: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const listed = await client.send(new ListStateMachinesCommand({ maxResults: 100, nextToken }));
    const found = listed.stateMachines?.find((machine) => machine.name === name)?.stateMachineArn;
    if (found !== undefined) return found;
    nextToken = listed.nextToken;
    if (nextToken === undefined) break;
  }
  throw new Refusal(`there is no state machine ${name} in this region: see AWS_REGION and --stage`);
}

/** A line for each state that is entered. Whoever stops reading stops nothing. */
async function follow(
  client: Pick<SFNClient, "send">,
  executionArn: string,
  tell: (line: string) => void,
): Promise<string> {
  let lastTold = 0;
  for (;;) {
    const looked = await look(client, executionArn, lastTold);
    for (const { at, name } of looked?.entered ?? []) tell(`${at}  ${name}`);
    lastTold = looked?.last ?? lastTold;
    const { status, output, error, cause } = looked?.execution ?? {};
    if (status === "SUCCEEDED") return `the region is open: ${output}`;
    if (status !== undefined && status !== "RUNNING")
      throw new Refusal(`${status}: ${error}: ${cause}\nMend it, and redrive ${executionArn}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

interface Looked {
  readonly execution: DescribeExecutionOutput;
  readonly entered: readonly Entered[];
  /** The newest event's id. */
  readonly last: number;
}

interface Entered {
  readonly at: string;
  readonly name: string;
}

/** @returns undefined where AWS asks to look less often: the failover goes on meanwhile. */
async function look(
  client: Pick<SFNClient, "send">,
  executionArn: string,
  lastTold: number,
): Promise<Looked | undefined> {
  try {
    // Asked first: a state that is entered after the end is none.
    const execution = await client.send(new DescribeExecutionCommand({ executionArn }));
    return { execution, ...(await enteredSince(client, executionArn, lastTold)) };
  } catch (thrown) {
    if ((thrown as Error).name === "ThrottlingException") return undefined;
    throw thrown;
  }
}

/** The history from its end back to what was told: parts of a pass are many, and make it long. */
async function enteredSince(
  client: Pick<SFNClient, "send">,
  executionArn: string,
  lastTold: number,
): Promise<Pick<Looked, "entered" | "last">> {
  const entered: Entered[] = [];
  let last = lastTold;
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new GetExecutionHistoryCommand({
        ...{ executionArn, maxResults: 1_000, includeExecutionData: false, reverseOrder: true },
        nextToken,
      }),
    );
    for (const event of page.events ?? []) {
      if ((event.id ?? 0) <= lastTold) return { entered: entered.toReversed(), last };
      last = Math.max(last, event.id ?? 0);
      const name = event.stateEnteredEventDetails?.name;
      // The states of parts are seen in the console.
      if (name !== undefined && !/(?:OfPart|GoesOn|AtItsEnd)$/.test(name))
        entered.push({ at: event.timestamp?.toISOString() ?? "", name });
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return { entered: entered.toReversed(), last };
}
